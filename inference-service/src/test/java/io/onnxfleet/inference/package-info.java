/** Tests of the whole service. */
@NullMarked
package io.onnxfleet.inference;

import org.jspecify.annotations.NullMarked;
