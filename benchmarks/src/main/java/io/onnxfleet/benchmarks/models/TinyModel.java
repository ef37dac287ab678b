package io.onnxfleet.benchmarks.models;

import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.testing.model.OnnxGraph;
import java.nio.file.Path;

/**
 * Models whose compute is next to nothing: what is measured with them is everything around the
 * model.
 */
public final class TinyModel {
  /** Its name in a model folder. */
  public static final String NAME = "tiny-add";

  /** One that answers as many zeros as it is asked for: what is measured with it is memory. */
  public static final String ZEROS = "zeros";

  private static final String COLUMNS = "8";

  private TinyModel() {}

  /** Writes both, each as version 1 of a model in that folder. */
  public static void write(Path folder) {
    graph().writeTo(folder, NAME);
    zeros().writeTo(folder, ZEROS);
  }

  /** {@code y = x + x} over rows of eight floats. */
  public static byte[] bytes() {
    return graph().toByteArray();
  }

  private static OnnxGraph graph() {
    return new OnnxGraph()
        .node("Add", "x x", "y")
        .input("x", Datatype.FP32, "batch", COLUMNS)
        .output("y", Datatype.FP32, "batch", COLUMNS);
  }

  private static OnnxGraph zeros() {
    return new OnnxGraph()
        .node("ConstantOfShape", "n", "y")
        .input("n", Datatype.INT64, "1")
        .output("y", Datatype.FP32, "n");
  }
}
