package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.TinyModel;

/** Models that take much memory for little input. */
public final class MemoryModels {
  /** Elements that a row becomes. */
  public static final int WIDTH = 1 << 18;

  private MemoryModels() {}

  /**
   * y = x behind {@value #WIDTH} elements a row: two megabytes a row where one of input is four
   * bytes.
   */
  public static OnnxGraph wide() {
    return TinyModel.graph()
        .floats("wide", new long[] {WIDTH}, new float[WIDTH])
        .node("Add", "x wide", "a")
        .node("Neg", "a", "b")
        .node("Neg", "b", "c")
        .node("MatMul", "c wide", "zero")
        .node("Squeeze", "x axis", "flat")
        .node("Add", "flat zero", "y")
        .longs("axis", new long[] {1}, 1)
        .input("x", DataType.FP32, "rows", "1")
        .output("y", DataType.FP32, "rows");
  }
}
