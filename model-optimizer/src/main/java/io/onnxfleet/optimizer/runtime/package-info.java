/**
 * ONNX Runtime as the passes need it: {@link io.onnxfleet.optimizer.runtime.RunnableModel} runs a
 * file, in a process of its own. Nothing else knows {@code ai.onnxruntime}.
 */
@NullMarked
package io.onnxfleet.optimizer.runtime;

import org.jspecify.annotations.NullMarked;
