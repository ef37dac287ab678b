package io.onnxfleet.optimizer;

import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.AttributeProto.AttributeType;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Text encoders of a few dozen words, with their tokenizers. */
public final class TestEncoders {
  private static final int WORDS = 60;
  private static final int WIDTH = 12;
  private static final int OPSET = 17;

  private TestEncoders() {}

  /** A tokenizer of the words w0 to w59, between a special token each. */
  public static Path tokenizer(Path folder) {
    StringBuilder words = new StringBuilder("\"[CLS]\": 0, \"[SEP]\": 1, \"[UNK]\": 2");
    for (int word = 0; word < WORDS; word++) {
      words.append(", \"w").append(word).append("\": ").append(word + 3);
    }
    String json =
        """
        {"version": "1.0", "truncation": null, "padding": null,
         "added_tokens": [
           {"id": 0, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true},
           {"id": 1, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}],
         "normalizer": null, "pre_tokenizer": {"type": "Whitespace"},
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
             {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
           "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [0], "tokens": ["[CLS]"]},
             "[SEP]": {"id": "[SEP]", "ids": [1], "tokens": ["[SEP]"]}}},
         "decoder": null,
         "model": {"type": "WordLevel", "vocab": {%s}, "unk_token": "[UNK]"}}
        """
            .formatted(words);
    try {
      return Files.writeString(folder.resolve("tokenizer.json"), json);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Texts of a few of the words. */
  public static Path texts(Path file, Random random, int count) {
    StringBuilder texts = new StringBuilder();
    for (int text = 0; text < count; text++) {
      int length = random.nextInt(2, 8);
      for (int word = 0; word < length; word++) {
        texts.append('w').append(random.nextInt(WORDS)).append(' ');
      }
      texts.append('\n');
    }
    try {
      return Files.writeString(file, texts);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** A transformer: embeddings, normalized, and layers of attention and of neurons, each too. */
  public static Path write(Path file, int layers) {
    return TestModels.write(file, encoder(layers), OPSET);
  }

  /** The same of one layer, with logits of the first token. */
  public static Path writeClassifier(Path file, int labels) {
    GraphProto.Builder graph = encoder(1);
    graph
        .clearOutput()
        .addOutput(TestModels.value("logits", TestModels.FLOAT, -1, labels))
        .addInitializer(
            TensorProto.newBuilder().setName("first").setDataType(TestModels.INT64).addInt64Data(0))
        .addInitializer(TestModels.weights("head", new Random(5), WIDTH, labels))
        .addNode(
            TestModels.node("Gather", "of_first", List.of("last_hidden_state", "first"), "f")
                .addAttribute(attribute("axis", 1)))
        .addNode(TestModels.node("MatMul", "classify", List.of("f", "head"), "logits"));
    return TestModels.write(file, graph, OPSET);
  }

  private static GraphProto.Builder encoder(int layers) {
    Random random = new Random(11);
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("input_ids", TestModels.INT64, -1, -1))
            .addInput(TestModels.value("attention_mask", TestModels.INT64, -1, -1))
            .addOutput(TestModels.value("last_hidden_state", TestModels.FLOAT, -1, -1, WIDTH))
            .addInitializer(TestModels.weights("table", random, WORDS + 3, WIDTH))
            .addInitializer(constant("gamma", 1, WIDTH))
            .addInitializer(constant("beta", 0, WIDTH))
            .addInitializer(constant("scale", 0.3f, 1))
            .addNode(TestModels.node("Gather", "look_up", List.of("table", "input_ids"), "e"));
    // The mask is a part of the contract; rows of these tests have no padding.
    graph
        .addNode(
            TestModels.node("Cast", "mask", List.of("attention_mask"), "m")
                .addAttribute(attribute("to", 1)))
        .addInitializer(constant("zero", 0, 1))
        .addInitializer(
            TensorProto.newBuilder().setName("last").setDataType(7).addDims(1).addInt64Data(-1))
        .addNode(TestModels.node("Unsqueeze", "mask3", List.of("m", "last"), "m3"))
        .addNode(TestModels.node("Mul", "no_mask", List.of("m3", "zero"), "m0"))
        .addNode(TestModels.node("Add", "masked", List.of("e", "m0"), "em"));
    String value = normalized(graph, "em", "embedded");
    for (int layer = 0; layer < layers; layer++) {
      String name = "l" + layer;
      graph
          .addInitializer(TestModels.weights(name + "_w1", random, WIDTH, 2 * WIDTH))
          .addInitializer(TestModels.weights(name + "_w2", random, 2 * WIDTH, WIDTH))
          .addNode(
              TestModels.node("Transpose", name + "_t", List.of(value), name + "_t")
                  .addAttribute(
                      AttributeProto.newBuilder()
                          .setName("perm")
                          .setType(AttributeType.INTS)
                          .addAllInts(List.of(0L, 2L, 1L))))
          .addNode(TestModels.node("MatMul", name + "_s", List.of(value, name + "_t"), name + "_s"))
          .addNode(
              TestModels.node("Softmax", name + "_p", List.of(name + "_s"), name + "_p")
                  .addAttribute(attribute("axis", -1)))
          .addNode(TestModels.node("MatMul", name + "_a", List.of(name + "_p", value), name + "_a"))
          .addNode(TestModels.node("Add", name + "_r1", List.of(name + "_a", value), name + "_r1"));
      String attended = normalized(graph, name + "_r1", name + "_attended");
      graph
          .addNode(
              TestModels.node("MatMul", name + "_h", List.of(attended, name + "_w1"), name + "_h"))
          .addNode(TestModels.node("Tanh", name + "_g", List.of(name + "_h"), name + "_g"))
          .addNode(
              TestModels.node(
                  "MatMul", name + "_f", List.of(name + "_g", name + "_w2"), name + "_f"))
          .addNode(
              TestModels.node("Mul", name + "_fs", List.of(name + "_f", "scale"), name + "_fs"))
          .addNode(
              TestModels.node("Add", name + "_r2", List.of(name + "_fs", attended), name + "_r2"));
      value = normalized(graph, name + "_r2", layer == layers - 1 ? "last_hidden_state" : name);
    }
    return graph;
  }

  private static String normalized(GraphProto.Builder graph, String value, String result) {
    graph.addNode(
        TestModels.node(
                "LayerNormalization", result + "_norm", List.of(value, "gamma", "beta"), result)
            .addAttribute(attribute("axis", -1)));
    return result;
  }

  private static AttributeProto.Builder attribute(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value);
  }

  private static TensorProto.Builder constant(String name, float value, int count) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setName(name).setDataType(TestModels.FLOAT).addDims(count);
    for (int index = 0; index < count; index++) {
      tensor.addFloatData(value);
    }
    return tensor;
  }
}
