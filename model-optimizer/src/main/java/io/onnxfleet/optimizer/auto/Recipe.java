package io.onnxfleet.optimizer.auto;

import io.onnxfleet.optimizer.calibrate.CalibrationOptions;
import io.onnxfleet.optimizer.distil.LayerDistillation;
import io.onnxfleet.optimizer.distil.StaticDistillation;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.precision.Precision;
import io.onnxfleet.optimizer.precision.PrecisionConversion;
import io.onnxfleet.optimizer.precision.PrecisionOptions;
import io.onnxfleet.optimizer.prune.Structure;
import io.onnxfleet.optimizer.prune.StructuredPruning;
import io.onnxfleet.optimizer.quantize.Smoothing;
import io.onnxfleet.optimizer.quantize.calibrated.StaticOptions;
import io.onnxfleet.optimizer.quantize.calibrated.StaticQuantization;
import io.onnxfleet.optimizer.quantize.dynamic.DynamicQuantization;
import io.onnxfleet.optimizer.quantize.dynamic.QuantizationOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * How a candidate is made.
 *
 * @param name of the candidate
 * @param base the name of the recipe whose result it starts from
 * @param passes in their order; none for the original itself
 * @param loss what its answers are compared by
 */
record Recipe(String name, String base, List<Pass> passes, Loss loss) {
  static final String ORIGINAL = "original";

  private static final Pass FUSE = new TransformerFusion(TransformerFusion.Target.FP32);
  private static final Pass FUSE_FOR_INT8 = new TransformerFusion(TransformerFusion.Target.INT8);
  private static final Pass INT8 = new DynamicQuantization(QuantizationOptions.DEFAULT);
  private static final Pass SMOOTH = new Smoothing(0.5f, Smoothing.Of.NORMALIZED);
  private static final Pass INT8_PER_TOKEN = new DynamicQuantization(QuantizationOptions.PER_TOKEN);

  /** What a candidate's answers are compared by. */
  enum Loss {
    /** The outputs themselves. */
    OUTPUTS,
    /** The ranks of the texts' similarities, where the vectors are others than the original's. */
    SIMILARITIES
  }

  Recipe {
    passes = List.copyOf(passes);
  }

  private static Recipe of(String name, String base, Pass... passes) {
    return new Recipe(name, base, List.of(passes), Loss.OUTPUTS);
  }

  /**
   * All candidates, each behind what it starts from. What a model does not have fails by itself.
   */
  static List<Recipe> all(boolean staticStudent) {
    List<Recipe> recipes = new ArrayList<>();
    recipes.add(of(ORIGINAL, ORIGINAL));
    recipes.add(of("fused", ORIGINAL, FUSE));
    recipes.add(of("int8", ORIGINAL, INT8));
    recipes.add(of("fused int8", ORIGINAL, FUSE_FOR_INT8, INT8));
    recipes.add(of("int8 per token", ORIGINAL, INT8_PER_TOKEN));
    recipes.add(of("fused int8 per token", ORIGINAL, FUSE_FOR_INT8, INT8_PER_TOKEN));
    recipes.add(of("fused smooth int8 per token", ORIGINAL, FUSE_FOR_INT8, SMOOTH, INT8_PER_TOKEN));
    recipes.add(
        of(
            "static int8",
            ORIGINAL,
            new StaticQuantization(StaticOptions.DEFAULT, CalibrationOptions.DEFAULT)));
    recipes.add(
        of("fp16", ORIGINAL, new PrecisionConversion(PrecisionOptions.of(Precision.MIXED))));
    addSmaller(recipes, "neurons -15%", new StructuredPruning(Structure.NEURONS, 0.15));
    addSmaller(recipes, "neurons -30%", new StructuredPruning(Structure.NEURONS, 0.3));
    // It comes fused.
    recipes.add(of("one layer less", ORIGINAL, LayerDistillation.dropping(1)));
    recipes.add(of("one layer less, int8", "one layer less", INT8));
    recipes.add(
        of("one layer less, smooth int8 per token", "one layer less", SMOOTH, INT8_PER_TOKEN));
    recipes.add(of("channels -12%", ORIGINAL, new StructuredPruning(Structure.CHANNELS, 0.12)));
    recipes.add(of("channels -25%", ORIGINAL, new StructuredPruning(Structure.CHANNELS, 0.25)));
    if (staticStudent) {
      recipes.add(
          new Recipe(
              "static student",
              ORIGINAL,
              List.of(
                  new StaticDistillation(
                      io.onnxfleet.optimizer.distil.StaticOptions.DEFAULT, true)),
              Loss.SIMILARITIES));
    }
    return recipes;
  }

  private static void addSmaller(List<Recipe> recipes, String name, Pass pass) {
    recipes.add(of(name, ORIGINAL, pass));
    recipes.add(of(name + ", fused", name, FUSE));
    recipes.add(of(name + ", fused int8", name, FUSE_FOR_INT8, INT8));
    recipes.add(
        of(name + ", fused smooth int8 per token", name, FUSE_FOR_INT8, SMOOTH, INT8_PER_TOKEN));
  }

  boolean isOriginal() {
    return passes.isEmpty();
  }

  /** All that the candidate depends on, but for the original and the samples. */
  String describe() {
    return "%s of %s: %s"
        .formatted(
            name, base, passes.stream().map(Pass::describe).collect(Collectors.joining(", ")));
  }

  /** The candidate's file, in a folder of candidates. */
  String fileName() {
    return name.replaceAll("[^a-z0-9]+", "-") + ".onnx";
  }
}
