package io.onnxfleet.gateway.fleet;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The READY models that do one task. Immutable.
 *
 * <p>A model that bears the family's name and says nothing of families is the family's original: of
 * quality 1, which the others were measured against.
 *
 * @param variants at least one, best quality first; of equal ones the cheaper first
 */
public record ModelFamily(String name, List<ModelVariant> variants) {

  private static final Comparator<ModelVariant> BEST_FIRST =
      Comparator.comparingDouble(ModelVariant::quality)
          .reversed()
          .thenComparingDouble(ModelVariant::costMillis)
          .thenComparing(ModelVariant::model);

  public ModelFamily {
    variants = variants.stream().sorted(BEST_FIRST).toList();
  }

  public ModelVariant best() {
    return variants.getFirst();
  }

  public @Nullable ModelVariant variant(String model) {
    for (ModelVariant variant : variants) {
      if (variant.model().equals(model)) {
        return variant;
      }
    }
    return null;
  }

  /**
   * The families of these replicas, by name. Where replicas describe a model differently, the first
   * one is believed.
   *
   * @param ready the models with a READY version
   */
  static Map<String, ModelFamily> of(List<Replica> replicas, Set<String> ready) {
    Map<String, ModelVariant> byModel = new LinkedHashMap<>();
    for (Replica replica : replicas) {
      for (ModelVariant variant : replica.variants()) {
        if (ready.contains(variant.model())) {
          byModel.putIfAbsent(variant.model(), variant);
        }
      }
    }
    Map<String, List<ModelVariant>> byFamily = new TreeMap<>();
    for (ModelVariant variant : byModel.values()) {
      byFamily.computeIfAbsent(variant.family(), name -> new ArrayList<>()).add(variant);
    }
    byFamily.forEach(
        (name, variants) -> {
          if (ready.contains(name) && !byModel.containsKey(name)) {
            variants.add(ModelVariant.original(name));
          }
        });
    Map<String, ModelFamily> families = new TreeMap<>();
    byFamily.forEach((name, variants) -> families.put(name, new ModelFamily(name, variants)));
    return families;
  }
}
