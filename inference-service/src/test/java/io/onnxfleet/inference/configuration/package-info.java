/** Tests of the configuration. */
@NullMarked
package io.onnxfleet.inference.configuration;

import org.jspecify.annotations.NullMarked;
