/**
 * One replica: Spring around the inference engine. {@link InferenceService} starts it; {@code
 * protocol} speaks with callers, {@code lifecycle} with the registry and the operating system.
 */
@NullMarked
package io.onnxfleet.inference;

import org.jspecify.annotations.NullMarked;
