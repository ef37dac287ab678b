/** Tests of reading and deriving model configurations. */
@NullMarked
package io.onnxfleet.engine.repository.config.reading;

import org.jspecify.annotations.NullMarked;
