/** What is not kept for ever: {@link io.onnxfleet.jobs.retention.Retention}. */
@NullMarked
package io.onnxfleet.jobs.retention;

import org.jspecify.annotations.NullMarked;
