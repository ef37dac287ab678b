package io.onnxfleet.benchmarks;

import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.testing.model.Attribute;
import io.onnxfleet.testing.model.OnnxGraph;
import java.util.Arrays;

/** Small models, each of which a server may easily answer wrongly. */
final class OnnxFile {
  private OnnxFile() {}

  private static OnnxGraph graph() {
    return new OnnxGraph().opset(13);
  }

  /** {@code sim = x . transposed(x)}: each row is compared with every other. */
  static OnnxGraph pairwise(int columns) {
    return graph()
        .node("Transpose", "x", "xt", Attribute.numbers("perm", 1, 0))
        .node("MatMul", "x xt", "sim")
        .input("x", Datatype.FP32, "batch", Integer.toString(columns))
        .output("sim", Datatype.FP32, "batch", "MatMulsim_dim_1");
  }

  /** {@code d = x - mean(x)} over the rows of a request. */
  static OnnxGraph centred(int columns) {
    return graph()
        .node("ReduceMean", "x", "m", Attribute.numbers("axes", 0))
        .node("Sub", "x m", "d")
        .input("x", Datatype.FP32, "batch", Integer.toString(columns))
        .output("d", Datatype.FP32, "batch", Integer.toString(columns));
  }

  /** Rows of a table that lies in another file. */
  static OnnxGraph lookup(int size, String location) {
    return graph()
        .floatsIn(location, 0, "w", size, size)
        .node("Gather", "w i", "y")
        .input("i", Datatype.INT64, "batch")
        .output("y", Datatype.FP32, "batch", Integer.toString(size));
  }

  /** A text model of a table, two numbers a word: {@code [value, 1]}. */
  static OnnxGraph words(int count, float value) {
    float[] table = new float[2 * count];
    Arrays.fill(table, 1);
    for (int word = 0; word < count; word++) {
      table[2 * word] = value;
    }
    return graph()
        .floats("w", new long[] {count, 2}, table)
        .node("Gather", "w input_ids", "last_hidden_state")
        .input("input_ids", Datatype.INT64, "batch", "sequence")
        .output("last_hidden_state", Datatype.FP32, "batch", "sequence", "2");
  }
}
