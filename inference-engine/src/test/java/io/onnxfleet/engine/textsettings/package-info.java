/** Tests of how text models say themselves how they want to be used. */
@NullMarked
package io.onnxfleet.engine.textsettings;

import org.jspecify.annotations.NullMarked;
