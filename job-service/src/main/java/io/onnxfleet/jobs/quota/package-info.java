/** How much one caller may keep: {@link io.onnxfleet.jobs.quota.Quotas}. */
@NullMarked
package io.onnxfleet.jobs.quota;

import org.jspecify.annotations.NullMarked;
