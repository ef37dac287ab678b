/** Slow clients, in a process of their own that {@link CrowdCommand} is. */
@NullMarked
package io.onnxfleet.benchmarks.chaos.crowd;

import org.jspecify.annotations.NullMarked;
