/** Tests of reading and deriving model configurations. */
@NullMarked
package io.onnxfleet.engine.repository.config;

import org.jspecify.annotations.NullMarked;
