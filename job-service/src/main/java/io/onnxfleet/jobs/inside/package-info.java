/**
 * The job service as a part of its fleet: {@link io.onnxfleet.jobs.inside.OwnerFilter} lets the
 * gateway in and knows whose a request is.
 */
@NullMarked
package io.onnxfleet.jobs.inside;

import org.jspecify.annotations.NullMarked;
