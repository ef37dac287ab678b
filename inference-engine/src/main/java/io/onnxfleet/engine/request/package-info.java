/**
 * One caller's call of a model: {@link InferenceRequest} in, {@link InferenceResponse} out, by its
 * {@link Deadline}.
 */
@NullMarked
package io.onnxfleet.engine.request;

import org.jspecify.annotations.NullMarked;
