/** The keys of this process: {@link io.onnxfleet.jobs.configuration.JobsProperties}. */
@NullMarked
package io.onnxfleet.jobs.configuration;

import org.jspecify.annotations.NullMarked;
