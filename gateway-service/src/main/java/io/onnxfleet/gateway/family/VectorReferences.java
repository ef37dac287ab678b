package io.onnxfleet.gateway.family;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelFamily;
import io.onnxfleet.gateway.fleet.ModelVariant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Whose vectors a family's are: those of the best variant that was ever seen, for as long as any
 * replica has it in its repository, READY or not. So a family does not change its vectors while its
 * best variant is away. Safe for use by many threads. Bounded by the families of the fleet.
 */
final class VectorReferences {

  private final Map<String, ModelVariant> references = new ConcurrentHashMap<>();

  void changed(Fleet now) {
    references.values().removeIf(reference -> !now.knows(reference.model()));
    for (ModelFamily family : now.allFamilies()) {
      references.merge(family.name(), family.best(), (old, best) -> better(family, old, best));
    }
  }

  /** The one seen before counts by what is said of it now, if anything is. */
  private static ModelVariant better(ModelFamily family, ModelVariant old, ModelVariant best) {
    ModelVariant present = family.variant(old.model());
    double quality = present == null ? old.quality() : present.quality();
    return best.quality() >= quality ? best : old;
  }

  /**
   * The variants whose vectors may stand in one index: the reference, and if it is declared
   * comparable, the others that are; best first, at least one.
   */
  List<ModelVariant> comparable(ModelFamily family) {
    ModelVariant reference = references.getOrDefault(family.name(), family.best());
    List<ModelVariant> comparable = new ArrayList<>(family.variants().size());
    for (ModelVariant variant : family.variants()) {
      boolean isReference = variant.model().equals(reference.model());
      if (isReference || (reference.isComparable() && variant.isComparable())) {
        comparable.add(variant);
      }
    }
    if (comparable.isEmpty()) {
      throw new GatewayException(
          ErrorCode.MODEL_NOT_READY,
          "model '%s', whose vectors those of family '%s' are, is not ready"
              .formatted(reference.model(), family.name()));
    }
    return comparable;
  }
}
