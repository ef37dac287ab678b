/**
 * ONNX Runtime as the passes need it: {@link io.onnxfleet.optimizer.runtime.RunnableModel} runs a
 * file, in a process of its own, by the engine's binding. Nothing else knows that.
 */
@NullMarked
package io.onnxfleet.optimizer.runtime;

import org.jspecify.annotations.NullMarked;
