/**
 * Models that do one task at different quality and cost: {@link
 * io.onnxfleet.gateway.family.VariantChoice} finds the best one that meets a request's terms at the
 * present load.
 */
@NullMarked
package io.onnxfleet.gateway.family;

import org.jspecify.annotations.NullMarked;
