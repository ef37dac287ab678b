/**
 * What can go wrong, said once for the whole fleet: {@link ErrorCode} and {@link
 * InferenceException}.
 */
@NullMarked
package io.onnxfleet.engine.error;

import org.jspecify.annotations.NullMarked;
