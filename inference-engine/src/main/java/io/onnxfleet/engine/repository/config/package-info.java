/**
 * What a model's folder says about serving it, in Triton's terms. {@link ModelConfigParser} reads a
 * {@code config.pbtxt} into a {@link DeclaredConfig}; {@link ModelConfigDerivation} joins that with
 * the model's own signature to the complete, checked {@link ModelConfig} that the engine serves by.
 */
@NullMarked
package io.onnxfleet.engine.repository.config;

import org.jspecify.annotations.NullMarked;
