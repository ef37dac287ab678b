package io.onnxfleet.gateway.family;

import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelFamily;
import io.onnxfleet.gateway.fleet.ModelVariant;
import java.util.function.Predicate;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The families with what a request would meet at their variants now. Stateless. */
public final class FamilyListing {

  private FamilyListing() {}

  /**
   * Some of the families.
   *
   * @param seen which ones
   */
  public static ArrayNode of(Fleet fleet, VariantEstimates estimates, Predicate<String> seen) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (ModelFamily family : fleet.allFamilies()) {
      if (!seen.test(family.name())) {
        continue;
      }
      ObjectNode node = list.addObject().put("name", family.name());
      ArrayNode variants = node.putArray("variants");
      for (ModelVariant variant : family.variants()) {
        VariantEstimate estimate = estimates.of(variant);
        variants
            .addObject()
            .put("name", variant.model())
            .put("quality", variant.quality())
            .put("comparable", variant.isComparable())
            .put("cost_ms", Math.round(estimates.costNanos(variant) / 1e3) / 1e3)
            .put("forecast_ms", Math.round(estimate.nanos() / 1e3) / 1e3)
            .put("requests_ahead", estimate.ahead());
      }
    }
    return list;
  }
}
