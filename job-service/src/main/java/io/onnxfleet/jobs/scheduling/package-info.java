/** Schedulers beside the one that Boot makes: {@link io.onnxfleet.jobs.scheduling.Schedulers}. */
@NullMarked
package io.onnxfleet.jobs.scheduling;

import org.jspecify.annotations.NullMarked;
