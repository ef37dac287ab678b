package io.onnxfleet.testing.model;

import io.onnxfleet.contract.inference.Datatype;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Small transformers of one layer with seeded weights: each token's vector is that of its id and of
 * its type, mixed by attention with those of all others. They know nothing; what they answer
 * depends on every token of a row and on nothing else.
 */
public final class TinyTextModel {
  /** Token ids, those of BERT's English vocabulary. */
  public static final int VOCABULARY = 30_522;

  private static final int OPSET = 19;
  private static final int WIDTH = 16;
  private static final float ABSENT = -1e9f;

  private TinyTextModel() {}

  /**
   * Logits of a text or a pair: {@code scale} times the mean of the tokens through a seeded head,
   * and a bias for each.
   */
  public static OnnxGraph ofTexts(float scale, float... bias) {
    String logits = Integer.toString(bias.length);
    return layer()
        .longs("last", new long[] {1}, 2)
        .longs("tokens", new long[] {1}, 1)
        .node("Unsqueeze", "present last", "column")
        .node("Mul", "states column", "kept")
        .node("ReduceSum", "kept tokens", "sum", Attribute.number("keepdims", 0))
        .node("ReduceSum", "present tokens", "count")
        .node("Div", "sum count", "mean")
        .weights("head", WIDTH, bias.length)
        .real("scale", scale)
        .floats("bias", new long[] {bias.length}, bias)
        .node("MatMul", "mean head", "product")
        .node("Mul", "product scale", "scaled")
        .node("Add", "scaled bias", "logits")
        .output("logits", Datatype.FP32, "batch", logits);
  }

  /** Logits of each token in the same way. */
  public static OnnxGraph ofTokens(float scale, float... bias) {
    String logits = Integer.toString(bias.length);
    return layer()
        .weights("head", WIDTH, bias.length)
        .real("scale", scale)
        .floats("bias", new long[] {bias.length}, bias)
        .node("MatMul", "states head", "product")
        .node("Mul", "product scale", "scaled")
        .node("Add", "scaled bias", "logits")
        .output("logits", Datatype.FP32, "batch", "sequence", logits);
  }

  /** A logit of each token for each of the first ids of the vocabulary. */
  public static OnnxGraph ofVocabulary(int ids, float scale) {
    return ofTokens(scale, new float[ids]);
  }

  private static OnnxGraph layer() {
    return new OnnxGraph()
        .opset(OPSET)
        .input("input_ids", Datatype.INT64, "batch", "sequence")
        .input("attention_mask", Datatype.INT64, "batch", "sequence")
        .input("token_type_ids", Datatype.INT64, "batch", "sequence")
        .weights("words", VOCABULARY, WIDTH)
        .weights("types", 2, WIDTH)
        .node("Gather", "words input_ids", "of_words")
        .node("Gather", "types token_type_ids", "of_types")
        .node("Add", "of_words of_types", "hidden")
        .node("Transpose", "hidden", "turned", Attribute.numbers("perm", 0, 2, 1))
        .node("MatMul", "hidden turned", "products")
        .cast("attention_mask", "present", Datatype.FP32)
        .real("one", 1)
        .real("absent", ABSENT)
        .longs("middle", new long[] {1}, 1)
        .node("Sub", "one present", "missing")
        .node("Mul", "missing absent", "penalty")
        .node("Unsqueeze", "penalty middle", "penalties")
        .node("Add", "products penalties", "seen")
        .node("Softmax", "seen", "attention")
        .node("MatMul", "attention hidden", "attended")
        .node("Add", "attended hidden", "mixed")
        .node("Tanh", "mixed", "states");
  }

  /**
   * Writes a model in the hub's layout.
   *
   * @param config as {@code config.json}
   * @param tokenizer the file of BERT's English vocabulary
   */
  public static Path writeHub(Path folder, OnnxGraph graph, String config, Path tokenizer) {
    try {
      graph.writeTo(folder.resolve("onnx"));
      Files.writeString(folder.resolve("config.json"), config);
      Files.copy(tokenizer, folder.resolve("tokenizer.json"));
      return folder;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
