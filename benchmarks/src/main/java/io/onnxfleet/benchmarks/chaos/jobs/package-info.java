/**
 * Fleets with a job service whose processes are killed, whose callers wait, or whose files are
 * large. Start with {@link io.onnxfleet.benchmarks.chaos.jobs.JobScenarios}.
 */
@NullMarked
package io.onnxfleet.benchmarks.chaos.jobs;

import org.jspecify.annotations.NullMarked;
