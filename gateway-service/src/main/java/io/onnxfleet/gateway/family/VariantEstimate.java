package io.onnxfleet.gateway.family;

import io.onnxfleet.gateway.fleet.ModelVariant;

/**
 * What a request would meet at a variant.
 *
 * @param hasRoom whether it would be let in
 * @param nanos until the answer; 0 if nothing is known
 * @param ahead requests that are answered before it
 */
public record VariantEstimate(ModelVariant variant, boolean hasRoom, long nanos, int ahead) {

  boolean isWithin(long budgetNanos) {
    return hasRoom && nanos <= budgetNanos;
  }
}
