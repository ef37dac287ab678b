/**
 * Files, batches and jobs, which the job service keeps: {@link
 * io.onnxfleet.gateway.jobs.JobForwarding} passes calls on to it.
 */
@NullMarked
package io.onnxfleet.gateway.jobs;

import org.jspecify.annotations.NullMarked;
