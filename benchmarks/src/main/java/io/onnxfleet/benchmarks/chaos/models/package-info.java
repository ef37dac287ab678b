/** Model files that a scenario puts before a replica, sound or damaged: {@link Suspects}. */
@NullMarked
package io.onnxfleet.benchmarks.chaos.models;

import org.jspecify.annotations.NullMarked;
