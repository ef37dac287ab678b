package io.onnxfleet.engine.repository.check;

import com.google.protobuf.CodedInputStream;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Reads a model file as protobuf before native code does, and refuses what no model needs.
 *
 * <ul>
 *   <li>Every message lies within the one around it and within the file, which is below 2 GiB.
 *   <li>Nodes, tensors, inputs and outputs are bounded in number, subgraphs in depth.
 *   <li>Each tensor's data are as long as its dimensions say; those in other files are in the
 *       model's folder, also once links are followed.
 *   <li>Operators are of domains that the runtime knows, or functions of the model.
 *   <li>No node is one that the runtime is known to compute wrongly ({@link WrongOperators}).
 * </ul>
 *
 * <p>What else the graph computes is not looked at. Reads once through the file, weights skipped,
 * in memory that does not grow with it. Not thread-safe; lives for one check.
 */
public final class ModelFileCheck {
  static final int MAX_NODES = 1_000_000;
  static final int MAX_TENSORS = 1_000_000;
  static final int MAX_PORTS = 10_000;
  static final int MAX_NESTING = 16;

  /** Of a name, in bytes. */
  private static final int SHOWN = 200;

  private static final String ORT_SUFFIX = ".ort";

  private static final Set<String> DOMAINS =
      Set.of(
          "",
          "ai.onnx",
          "ai.onnx.ml",
          "ai.onnx.training",
          "ai.onnx.preview.training",
          "com.microsoft",
          "com.microsoft.experimental",
          "com.microsoft.nchwc",
          "com.ms.internal.nhwc",
          "com.microsoft.dml",
          "org.pytorch.aten");

  private final ExternalDataCheck files;
  private final Set<String> functionDomains = new HashSet<>();

  /** An operator of each domain that is used. */
  private final Map<String, String> operators = new HashMap<>();

  private int nodes;
  private int tensors;
  private int ports;
  private boolean hasGraph;

  private ModelFileCheck(Path modelFile, Path modelFolder) {
    this.files = new ExternalDataCheck(modelFile, modelFolder);
  }

  /**
   * Looks through a model.
   *
   * @param modelFolder what all its files must lie in
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} and the reason
   */
  public static void check(Path modelFile, Path modelFolder) {
    String name = String.valueOf(modelFile.getFileName());
    try (InputStream file = Files.newInputStream(modelFile)) {
      byte[] head = file.readNBytes(FileKind.BYTES_NEEDED);
      if (name.endsWith(ORT_SUFFIX)) {
        if (!FileKind.isOrtFormat(head)) {
          throw refused(name + " is not in ORT's format (expected its mark, ORTM)");
        }
        return;
      }
      FileKind.other(head)
          .ifPresent(
              other -> {
                throw refused("%s is %s (expected an ONNX model)".formatted(name, other));
              });
    } catch (IOException unreadable) {
      throw refused("%s: %s".formatted(name, unreadable.getClass().getSimpleName()));
    }
    try (InputStream file = Files.newInputStream(modelFile)) {
      long size = Files.size(modelFile);
      if (size > Integer.MAX_VALUE) {
        throw refused(
            "%s: %d bytes (expected: < 2 GiB, larger weights in external data)"
                .formatted(name, size));
      }
      new ModelFileCheck(modelFile, modelFolder).read(file, (int) size);
    } catch (IOException malformed) {
      throw refused("%s is no ONNX model: %s".formatted(name, malformed.getMessage()));
    }
  }

  // Field numbers are those of ONNX's ModelProto, GraphProto, NodeProto and so on.

  private void read(InputStream file, int size) throws IOException {
    MessageReader in = new MessageReader(CodedInputStream.newInstance(file, 1 << 16));
    in.message(
        size,
        field ->
            switch (field) {
              case 7 -> {
                hasGraph = true;
                yield graph(in, 0);
              }
              case 20 -> in.message(part -> (part == 1 || part == 2) && graph(in, 0));
              case 25 -> function(in);
              default -> false;
            });
    if (!hasGraph) {
      throw refused("the model has no graph (expected one)");
    }
    operators.forEach(
        (domain, operator) -> {
          if (!DOMAINS.contains(domain) && !functionDomains.contains(domain)) {
            throw refused(
                "operator '%s' of the domain '%s' (expected one that the runtime brings: libraries"
                        .formatted(operator, Names.printable(domain))
                    + " of custom operators are not loaded)");
          }
        });
  }

  private boolean graph(MessageReader in, int nesting) throws IOException {
    if (nesting > MAX_NESTING) {
      throw refused(
          "graphs are nested more than %d deep (expected at most that)".formatted(MAX_NESTING));
    }
    return in.message(
        field ->
            switch (field) {
              case 1 -> node(in, nesting);
              case 5 -> tensor(in);
              case 11, 12 -> {
                ports = counted(ports, MAX_PORTS, "inputs and outputs");
                yield false;
              }
              case 15 -> sparse(in);
              default -> false;
            });
  }

  private boolean node(MessageReader in, int nesting) throws IOException {
    nodes = counted(nodes, MAX_NODES, "nodes");
    NodeFacts facts = new NodeFacts();
    boolean read =
        in.message(
            field ->
                switch (field) {
                  case 1, 2, 3, 4, 7 -> {
                    if (!in.isLengthDelimited()) {
                      yield false;
                    }
                    // Operators and domains are compared; the others are only shown.
                    facts.text(field, field < 4 ? in.textStart(SHOWN) : in.text());
                    yield true;
                  }
                  case 5 -> attribute(in, nesting, facts);
                  default -> false;
                });
    String _ = operators.putIfAbsent(facts.domain(), Names.printable(facts.operator()));
    WrongOperators.fault(facts)
        .ifPresent(
            fault -> {
              throw refused(fault);
            });
    return read;
  }

  private boolean attribute(MessageReader in, int nesting, NodeFacts node) throws IOException {
    Attribute attribute = new Attribute();
    boolean read =
        in.message(
            field ->
                switch (field) {
                  case 1, 21 -> {
                    if (!in.isLengthDelimited()) {
                      yield false;
                    }
                    String text = in.textStart(SHOWN);
                    if (field == 1) {
                      attribute.name = text;
                    } else {
                      attribute.isParameter = !text.isEmpty();
                    }
                    yield true;
                  }
                  case 2 -> {
                    if (!in.isFixed32()) {
                      yield false;
                    }
                    attribute.number = in.real();
                    yield true;
                  }
                  case 3 -> {
                    if (!in.isVarint()) {
                      yield false;
                    }
                    attribute.number = in.number();
                    yield true;
                  }
                  case 5, 10 -> tensor(in);
                  case 6, 11 -> graph(in, nesting + 1);
                  case 22, 23 -> sparse(in);
                  default -> false;
                });
    if (attribute.isParameter) {
      node.parameter(attribute.name);
    } else {
      node.number(attribute.name, attribute.number);
    }
    return read;
  }

  private boolean tensor(MessageReader in) throws IOException {
    tensors = counted(tensors, MAX_TENSORS, "tensors");
    return TensorCheck.read(in, files);
  }

  private boolean sparse(MessageReader in) throws IOException {
    return in.message(field -> (field == 1 || field == 2) && tensor(in));
  }

  private boolean function(MessageReader in) throws IOException {
    return in.message(
        field ->
            switch (field) {
              case 7 -> node(in, 0);
              case 10 -> {
                if (!in.isLengthDelimited()) {
                  yield false;
                }
                functionDomains.add(in.text());
                yield true;
              }
              default -> false;
            });
  }

  /** What is read of one attribute, in whatever order it is written. */
  private static final class Attribute {
    private String name = "";
    private double number;
    private boolean isParameter;
  }

  private static int counted(int before, int most, String what) {
    if (before == most) {
      throw refused("more than %d %s (expected at most that many)".formatted(most, what));
    }
    return before + 1;
  }

  private static InferenceException refused(String reason) {
    return new InferenceException(ErrorCode.MODEL_LOAD_FAILED, reason);
  }
}
