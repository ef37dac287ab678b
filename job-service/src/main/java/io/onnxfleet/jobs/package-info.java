/**
 * Work that can wait: {@link io.onnxfleet.jobs.JobService} starts the process that keeps files and
 * batches, and has them answered.
 */
@NullMarked
package io.onnxfleet.jobs;

import org.jspecify.annotations.NullMarked;
