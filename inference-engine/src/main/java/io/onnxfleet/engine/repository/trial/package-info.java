/**
 * Processes of their own for what may end a process: {@link
 * io.onnxfleet.engine.repository.trial.ChildProcesses} asks, {@link
 * io.onnxfleet.engine.repository.trial.ChildLoop} answers.
 */
@NullMarked
package io.onnxfleet.engine.repository.trial;

import org.jspecify.annotations.NullMarked;
