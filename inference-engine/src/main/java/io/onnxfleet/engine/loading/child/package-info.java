/**
 * Processes of their own for what may end a process. {@link TrialVersionLoader} has unknown models
 * opened and run in one first; {@link ChildProcesses} asks, {@link ChildLoop} answers.
 */
@NullMarked
package io.onnxfleet.engine.loading.child;

import org.jspecify.annotations.NullMarked;
