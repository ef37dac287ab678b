/** What this process refuses: {@link io.onnxfleet.jobs.failure.JobException}. */
@NullMarked
package io.onnxfleet.jobs.failure;

import org.jspecify.annotations.NullMarked;
