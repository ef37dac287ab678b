/**
 * Single requests that can wait, as callers know them: {@link io.onnxfleet.jobs.job.Jobs} has what
 * is done with them.
 */
@NullMarked
package io.onnxfleet.jobs.job;

import org.jspecify.annotations.NullMarked;
