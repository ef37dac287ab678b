/**
 * {@code ./fleet jobs}: batches handed in, watched and fetched by the gateway's REST paths. Start
 * with {@link io.onnxfleet.launcher.jobs.JobsCommand}.
 */
@NullMarked
package io.onnxfleet.launcher.jobs;

import org.jspecify.annotations.NullMarked;
