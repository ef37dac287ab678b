package io.onnxfleet.engine.repository.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedOutputStream;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.Attribute;
import io.onnxfleet.testing.model.OnnxGraph;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WrongOperatorsTest {
  private static final String WRONG = "computes wrongly";

  @TempDir private Path folder;

  /**
   * Fails when another version is pinned: run {@code benchmarks/onnxruntime-versions.sh}, and write
   * down what it names.
   */
  @Test
  void table_isThatOfThePinnedVersion() {
    assertThat(new OnnxRuntime(BufferPool.ofDefaults()).version())
        .isEqualTo(WrongOperators.VERSION);
  }

  @Test
  void attention_isRefused_whenASoftcapMeetsAMask() throws IOException {
    assertRefused(
        attention("Q", "K", "V", "M").real("softcap", 2.5F),
        "node 'att' (Attention): softcap 2.5 with a mask, which ONNX Runtime 1.26.0 computes"
            + " wrongly: the mask is added before the cap");
    assertRefused(
        attention("Q", "K", "V").real("softcap", 50).number("is_causal", 1), "softcap 50");
    assertRefused(attention("Q", "K", "V", "", "", "", "N").real("softcap", 50), "softcap 50");
    assertRefused(attention("Q", "K", "V").real("softcap", 50).output(3), "output of the products");
    assertRefused(
        attention("Q", "K", "V", "M").number("qk_matmul_output_mode", 1).output(3),
        "qk_matmul_output_mode 1 with a mask");
    assertRefused(
        attention("Q", "K", "V", "M").parameter("softcap"), "as the caller of a function");
    assertRefused(
        attention("Q", "K", "V", "M").real("softcap", 2).domain("ai.onnx"),
        "softcap 2 with a mask");
    assertRefused(attention("Q", "K", "V", "M").real("softcap", 2).unnamed(), "computes 'Y'");
  }

  @Test
  void attention_passes_whereItIsRight() throws IOException {
    assertPasses(attention("Q", "K", "V", "M"));
    assertPasses(attention("Q", "K", "V", "M").real("softcap", 0).number("is_causal", 1));
    assertPasses(attention("Q", "K", "V").real("softcap", 50));
    assertPasses(attention("Q", "K", "V", "").real("softcap", 50));
    assertPasses(attention("Q", "K", "V", "M").number("qk_matmul_output_mode", 2).output(3));
    assertPasses(attention("Q", "K", "V", "M").real("softcap", 2).domain("com.microsoft"));
  }

  @Test
  void others_areRefusedAsTheTableSays() throws IOException {
    assertRefused(
        new Node("DFT", "x", "", "axis").number("inverse", 1).number("onesided", 1),
        "node 'att' (DFT): inverse 1 and onesided 1");
    assertPasses(new Node("DFT", "x").number("inverse", 1));
    assertPasses(new Node("DFT", "x").number("onesided", 1));
    assertRefused(new Node("MaxUnpool", "x", "i", "shape"), "with an output_shape");
    assertPasses(new Node("MaxUnpool", "x", "i"));
  }

  /**
   * "length_resized as the length of the resized tensor in axis x", which is 2 and not 2.4: the
   * last element stays the last one. ONNX's reference takes the fraction, and gives 3.142857.
   */
  @Test
  void resize_isServedAsTheOperatorsTextSays_whereTheReferenceTakesAFraction() throws IOException {
    Path file =
        new OnnxGraph()
            .floats("scales", new long[] {4}, 1, 1, 1, 0.6F)
            .node(
                "Resize",
                "x - scales",
                "y",
                Attribute.text("mode", "linear"),
                Attribute.text("coordinate_transformation_mode", "align_corners"))
            .input("x", DataType.FP32, "1", "1", "1", "4")
            .output("y", DataType.FP32, "1", "1", "1", "2")
            .writeTo(folder);
    ModelFileCheck.check(file, folder);
    BufferPool pool = BufferPool.ofDefaults();
    try (ModelSession session = new OnnxRuntime(pool).open(file, SessionOptions.cpu(1));
        Tensor x = Tensor.ofFloats(pool, Shape.of(1, 1, 1, 4), new float[] {1, 2, 3, 4});
        Tensor y = session.run(List.of(new NamedTensor("x", x)), List.of("y")).getFirst()) {
      assertThat(new float[] {y.data().getFloat(0), y.data().getFloat(4)}).containsExactly(1, 4);
    }
  }

  @Test
  void nodes_areFound_inSubgraphsAndFunctions() throws IOException {
    byte[] wrong = attention("Q", "K", "V", "M").real("softcap", 2).bytes();
    byte[] branch = concat(text(1, "then_branch"), field(6, field(1, wrong)));
    assertRefused(
        field(7, field(1, concat(text(4, "If"), field(5, branch)))), "(Attention): softcap");
    byte[] function = concat(text(1, "F"), field(7, wrong), text(10, "own"));
    assertRefused(
        concat(field(7, field(1, concat(text(4, "F"), text(7, "own")))), field(25, function)),
        "(Attention): softcap");
  }

  private static Node attention(String... inputs) throws IOException {
    return new Node("Attention", inputs);
  }

  private void assertRefused(Node node, String reason) throws IOException {
    assertRefused(field(7, field(1, node.bytes())), reason);
  }

  private void assertRefused(byte[] model, String reason) throws IOException {
    Path file = Files.write(folder.resolve("model.onnx"), model);
    assertThatThrownBy(() -> ModelFileCheck.check(file, folder))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining(reason)
        .hasMessageContaining(WRONG);
  }

  private void assertPasses(Node node) throws IOException {
    Path file = Files.write(folder.resolve("model.onnx"), field(7, field(1, node.bytes())));
    assertThatCode(() -> ModelFileCheck.check(file, folder)).doesNotThrowAnyException();
  }

  private static byte[] text(int field, String text) throws IOException {
    return field(field, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] field(int field, byte[]... parts) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeByteArray(field, concat(parts));
    out.flush();
    return bytes.toByteArray();
  }

  private static byte[] concat(byte[]... parts) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      bytes.write(part);
    }
    return bytes.toByteArray();
  }

  /** A node, field by field. */
  private static final class Node {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private String name = "att";

    Node(String operator, String... inputs) throws IOException {
      for (String input : inputs) {
        bytes.write(text(1, input));
      }
      bytes.write(text(2, "Y"));
      bytes.write(text(4, operator));
    }

    Node unnamed() {
      name = "";
      return this;
    }

    /** Gives one at that place; those between are left out. */
    Node output(int place) throws IOException {
      for (int index = 1; index < place; index++) {
        bytes.write(text(2, ""));
      }
      bytes.write(text(2, "A"));
      return this;
    }

    Node domain(String domain) throws IOException {
      bytes.write(text(7, domain));
      return this;
    }

    Node real(String attribute, float value) throws IOException {
      ByteArrayOutputStream number = new ByteArrayOutputStream();
      CodedOutputStream out = CodedOutputStream.newInstance(number);
      out.writeFloat(2, value);
      out.flush();
      bytes.write(field(5, number.toByteArray(), text(1, attribute)));
      return this;
    }

    Node number(String attribute, long value) throws IOException {
      ByteArrayOutputStream number = new ByteArrayOutputStream();
      CodedOutputStream out = CodedOutputStream.newInstance(number);
      out.writeInt64(3, value);
      out.flush();
      bytes.write(field(5, text(1, attribute), number.toByteArray()));
      return this;
    }

    Node parameter(String attribute) throws IOException {
      bytes.write(field(5, text(1, attribute), text(21, attribute)));
      return this;
    }

    byte[] bytes() throws IOException {
      return concat(bytes.toByteArray(), text(3, name));
    }
  }
}
