/**
 * A Spring Boot service over ONNX Runtime as a team writes it in an afternoon: what the fleet is
 * compared with. {@link io.onnxfleet.plain.PlainService} runs models, {@link
 * io.onnxfleet.plain.EmbeddingsController} makes vectors of texts.
 */
@NullMarked
package io.onnxfleet.plain;

import org.jspecify.annotations.NullMarked;
