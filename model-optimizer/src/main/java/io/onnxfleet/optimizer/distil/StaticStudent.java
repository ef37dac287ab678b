package io.onnxfleet.optimizer.distil;

import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.TensorShapeProto;
import io.onnxfleet.optimizer.proto.TypeProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import java.util.List;

/** The student as a model: each token's row of a table, and their mean over the unmasked ones. */
final class StaticStudent {
  /** The name by which the fleet knows an output that is a text's vector already. */
  static final String OUTPUT = "sentence_embedding";

  private static final String BATCH = "batch";
  private static final String TOKENS = "tokens";

  private StaticStudent() {}

  /**
   * Makes the model.
   *
   * @param table FP32, a row a token, weights included
   */
  static OnnxModel of(Tensor table) {
    long width = table.dimension(1);
    OnnxModel model = OnnxModel.create(TextModel.INPUT_IDS, OUTPUT, width);
    Graph graph = model.graph();
    graph.redeclare(
        List.of(
            value(TextModel.INPUT_IDS, ElementType.INT64, dimension(BATCH), dimension(TOKENS)),
            value(
                TextModel.ATTENTION_MASK, ElementType.INT64, dimension(BATCH), dimension(TOKENS))),
        List.of(
            value(
                OUTPUT,
                ElementType.FLOAT,
                dimension(BATCH),
                TensorShapeProto.Dimension.newBuilder().setDimValue(width))));
    String rows = graph.addConstant("token_vectors", table);
    String middle = graph.addConstant("middle_axis", Tensor.ofLongs(new long[] {1}, 1));
    String last = graph.addConstant("last_axis", Tensor.ofLongs(new long[] {2}, 1));
    String least = graph.addConstant("least_count", Tensor.ofFloats(new float[] {1}));
    graph.add(
        Node.of("Gather", "look_up").inputs(rows, TextModel.INPUT_IDS).outputs("vectors").build());
    graph.add(
        Node.of("Cast", "mask")
            .inputs(TextModel.ATTENTION_MASK)
            .outputs("mask")
            .with("to", ElementType.FLOAT.code())
            .build());
    graph.add(Node.of("Unsqueeze", "mask_row").inputs("mask", middle).outputs("mask_row").build());
    graph.add(Node.of("MatMul", "sum").inputs("mask_row", "vectors").outputs("sum").build());
    graph.add(
        Node.of("ReduceSum", "count")
            .inputs("mask_row", last)
            .outputs("count")
            .with("keepdims", 1)
            .build());
    // A row that is all padding is zeros, and not no number.
    graph.add(Node.of("Max", "at_least_one").inputs("count", least).outputs("divisor").build());
    graph.add(Node.of("Div", "mean").inputs("sum", "divisor").outputs("mean").build());
    graph.add(Node.of("Squeeze", "vector").inputs("mean", middle).outputs(OUTPUT).build());
    return model;
  }

  private static TensorShapeProto.Dimension.Builder dimension(String name) {
    return TensorShapeProto.Dimension.newBuilder().setDimParam(name);
  }

  private static ValueInfoProto value(
      String name, ElementType type, TensorShapeProto.Dimension.Builder... dimensions) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (TensorShapeProto.Dimension.Builder dimension : dimensions) {
      shape.addDim(dimension);
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder().setElemType(type.code()).setShape(shape)))
        .build();
  }
}
