/**
 * A Spring Boot service over ONNX Runtime as a team writes it in an afternoon: what the fleet is
 * compared with. {@link io.onnxfleet.plain.PlainService} is all of it.
 */
@NullMarked
package io.onnxfleet.plain;

import org.jspecify.annotations.NullMarked;
