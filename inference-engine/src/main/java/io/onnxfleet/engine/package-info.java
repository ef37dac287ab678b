/**
 * Serves ONNX models from a folder: {@link InferenceEngine} is the door, {@link EngineOptions} how
 * it is set up. Plain Java; protocols and Spring live elsewhere.
 */
@NullMarked
package io.onnxfleet.engine;

import org.jspecify.annotations.NullMarked;
