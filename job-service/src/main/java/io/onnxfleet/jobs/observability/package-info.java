/**
 * What is measured: {@link io.onnxfleet.jobs.observability.JobMeters} of what waits, {@link
 * io.onnxfleet.jobs.observability.EndCounters} of what has ended.
 */
@NullMarked
package io.onnxfleet.jobs.observability;

import org.jspecify.annotations.NullMarked;
