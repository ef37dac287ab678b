/**
 * From files to a configuration. {@link ModelConfigParser} reads a {@code config.pbtxt} into a
 * {@link DeclaredConfig}; {@link ModelConfigDerivation} joins that with the model's own signature
 * to the {@link io.onnxfleet.engine.repository.config.ModelConfig} that the engine serves by.
 */
@NullMarked
package io.onnxfleet.engine.repository.config.reading;

import org.jspecify.annotations.NullMarked;
