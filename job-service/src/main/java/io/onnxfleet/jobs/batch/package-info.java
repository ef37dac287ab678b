/**
 * Batches and their slices, as the database has them: {@link io.onnxfleet.jobs.batch.Batches} is
 * what is done with them.
 */
@NullMarked
package io.onnxfleet.jobs.batch;

import org.jspecify.annotations.NullMarked;
