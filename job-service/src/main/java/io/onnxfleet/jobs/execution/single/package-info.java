/**
 * How single requests are worked off: {@link io.onnxfleet.jobs.execution.single.JobQueue} hands
 * them out, {@link io.onnxfleet.jobs.execution.single.JobWork} has one answered.
 */
@NullMarked
package io.onnxfleet.jobs.execution.single;

import org.jspecify.annotations.NullMarked;
