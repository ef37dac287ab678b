package io.onnxfleet.optimizer.graph;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.ModelProto;
import io.onnxfleet.optimizer.proto.OperatorSetIdProto;
import io.onnxfleet.optimizer.proto.TensorShapeProto;
import io.onnxfleet.optimizer.proto.TypeProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A model: its main graph, open to change, and what stands around it. Its weights stay in the
 * mapped file that they came from until something replaces them. Not thread-safe.
 */
public final class OnnxModel {
  private static final String ONNX_DOMAIN = "ai.onnx";

  /** What every ONNX Runtime of the last years reads. */
  private static final int IR_VERSION = 8;

  private static final int OPERATOR_SET = 17;

  private final ModelProto rest;
  private final List<OperatorSetIdProto> operatorSets;
  private final Graph graph;

  private long irVersion;

  OnnxModel(ModelProto proto, List<Initializer> initializers) {
    rest = proto.toBuilder().clearGraph().clearOpsetImport().build();
    irVersion = proto.getIrVersion();
    operatorSets = new ArrayList<>(proto.getOpsetImportList());
    // Up to IR version 3 every initializer had to be listed among the inputs.
    graph = new Graph(proto.getGraph(), initializers, irVersion >= 4);
  }

  /** An empty model of one FP32 input and one output, both rows of the same width. */
  public static OnnxModel create(String input, String output, long width) {
    GraphProto graph =
        GraphProto.newBuilder()
            .setName("graph")
            .addInput(rows(input, width))
            .addOutput(rows(output, width))
            .build();
    return new OnnxModel(
        ModelProto.newBuilder()
            .setIrVersion(IR_VERSION)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPERATOR_SET))
            .setGraph(graph)
            .build(),
        List.of());
  }

  private static ValueInfoProto rows(String name, long width) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    shape.addDimBuilder().setDimParam("rows");
    shape.addDimBuilder().setDimValue(width);
    TypeProto.Tensor.Builder tensor =
        TypeProto.Tensor.newBuilder().setElemType(ElementType.FLOAT.code()).setShape(shape);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  /**
   * Opens a file, and the files beside it that hold its weights.
   *
   * @throws OptimizerException if it is no ONNX model or a file of weights is missing or too short
   */
  public static OnnxModel read(Path file) {
    return ModelReader.read(file);
  }

  /**
   * Writes the model, first beside the place and then into it, so that a failure leaves what was
   * there. Weights of more than {@value ModelWriter#MAX_BYTES_INSIDE} bytes go into a file of their
   * own beside it.
   *
   * @throws OptimizerException if it cannot be written or the graph is not whole
   */
  public void write(Path file) {
    new ModelWriter(this).write(file, ModelWriter.MAX_BYTES_INSIDE);
  }

  /** As {@link #write(Path)}, with weights in a file of their own however few they are. */
  public void writeWithExternalData(Path file) {
    new ModelWriter(this).write(file, 0);
  }

  public Graph graph() {
    return graph;
  }

  /** The version of the operators of a domain that the model uses, if it does; ONNX's own is "". */
  public Optional<Long> operatorSet(String domain) {
    return operatorSets.stream()
        .filter(set -> sameDomain(set.getDomain(), domain))
        .map(OperatorSetIdProto::getVersion)
        .findFirst();
  }

  /**
   * The version of ONNX's own operators.
   *
   * @throws OptimizerException if the model uses none
   */
  public long operatorSet() {
    return operatorSet("")
        .orElseThrow(() -> new OptimizerException("the model uses none of ONNX's own operators"));
  }

  /** Says that the model is written in a later version of ONNX's own operators. */
  void setOperatorSet(long version) {
    operatorSets.removeIf(set -> sameDomain(set.getDomain(), ""));
    operatorSets.add(OperatorSetIdProto.newBuilder().setVersion(version).build());
    graph.hideConstants();
    irVersion = Math.max(irVersion, IR_VERSION);
  }

  /** Forgets the domains that another model, of which this one was made, does not use. */
  public void keepOperatorSets(OnnxModel other) {
    operatorSets.removeIf(set -> other.operatorSet(set.getDomain()).isEmpty());
  }

  /** Lets the model use a domain's operators; does nothing if it does. */
  public void use(String domain, long version) {
    if (operatorSet(domain).isEmpty()) {
      operatorSets.add(
          OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version).build());
    }
  }

  private static boolean sameDomain(String one, String other) {
    return one.equals(other)
        || (one.equals(ONNX_DOMAIN) && other.isEmpty())
        || (one.isEmpty() && other.equals(ONNX_DOMAIN));
  }

  ModelProto.Builder frame() {
    return rest.toBuilder()
        .setIrVersion(irVersion)
        .setProducerName("onnx-fleet")
        .addAllOpsetImport(operatorSets);
  }
}
