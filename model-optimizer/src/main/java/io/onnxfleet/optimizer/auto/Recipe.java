package io.onnxfleet.optimizer.auto;

import io.onnxfleet.optimizer.prune.Structure;
import java.util.ArrayList;
import java.util.List;

/**
 * How a candidate is made.
 *
 * @param name of the candidate
 * @param base the name of the recipe whose result it starts from
 */
record Recipe(String name, String base, Step step) {
  static final String ORIGINAL = "original";

  /**
   * All candidates, each behind what it starts from. What a model does not have fails by itself.
   */
  static List<Recipe> all(boolean staticStudent) {
    List<Recipe> recipes = new ArrayList<>();
    recipes.add(new Recipe(ORIGINAL, ORIGINAL, new Step.Keep()));
    recipes.add(new Recipe("fused", ORIGINAL, new Step.Fuse()));
    recipes.add(new Recipe("int8", ORIGINAL, new Step.DynamicInt8(false)));
    recipes.add(new Recipe("fused int8", ORIGINAL, new Step.DynamicInt8(true)));
    recipes.add(new Recipe("static int8", ORIGINAL, new Step.StaticInt8()));
    recipes.add(new Recipe("fp16", ORIGINAL, new Step.Half()));
    addSmaller(recipes, "neurons -15%", new Step.Prune(Structure.NEURONS, 0.15));
    addSmaller(recipes, "neurons -30%", new Step.Prune(Structure.NEURONS, 0.3));
    // It comes fused.
    recipes.add(new Recipe("one layer less", ORIGINAL, new Step.DropLayer()));
    recipes.add(new Recipe("one layer less, int8", "one layer less", new Step.DynamicInt8(false)));
    recipes.add(new Recipe("channels -12%", ORIGINAL, new Step.Prune(Structure.CHANNELS, 0.12)));
    recipes.add(new Recipe("channels -25%", ORIGINAL, new Step.Prune(Structure.CHANNELS, 0.25)));
    if (staticStudent) {
      recipes.add(new Recipe("static student", ORIGINAL, new Step.StaticStudent()));
    }
    return recipes;
  }

  private static void addSmaller(List<Recipe> recipes, String name, Step step) {
    recipes.add(new Recipe(name, ORIGINAL, step));
    recipes.add(new Recipe(name + ", fused", name, new Step.Fuse()));
    recipes.add(new Recipe(name + ", fused int8", name, new Step.DynamicInt8(true)));
  }

  /** The candidate's file, in a folder of candidates. */
  String fileName() {
    return name.replaceAll("[^a-z0-9]+", "-") + ".onnx";
  }
}
