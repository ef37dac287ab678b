/**
 * ONNX Runtime as the passes need it: {@link io.onnxfleet.optimizer.runtime.RunnableModel} runs a
 * file. Nothing else here knows {@code ai.onnxruntime}.
 */
@NullMarked
package io.onnxfleet.optimizer.runtime;

import org.jspecify.annotations.NullMarked;
