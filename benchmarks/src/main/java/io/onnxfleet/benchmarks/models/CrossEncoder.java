package io.onnxfleet.benchmarks.models;

import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.testing.model.Attribute;
import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.TinyTextModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A cross-encoder of the size of all-MiniLM-L6-v2 with seeded weights: it ranks nothing, and takes
 * the time that a trained one takes.
 */
public final class CrossEncoder {
  /** Its name in a model folder. */
  public static final String NAME = "seeded-cross-encoder";

  private static final int LAYERS = 6;
  private static final int WIDTH = 384;
  private static final int INNER = 1536;
  private static final int HEADS = 12;
  private static final int PLACES = 512;
  private static final int OPSET = 20;
  private static final float SPREAD = 0.05f;

  private final SplittableRandom random = new SplittableRandom(1);
  private final OnnxGraph graph = new OnnxGraph().opset(OPSET);

  private CrossEncoder() {}

  /**
   * Writes it into a model folder, in the hub's layout.
   *
   * @param tokenizer that of BERT's English vocabulary
   */
  public static void write(Path models, Path tokenizer) {
    TinyTextModel.writeHub(
        models.resolve(NAME),
        new CrossEncoder().graph(),
        """
        {"architectures":["BertForSequenceClassification"],"model_type":"bert","vocab_size":%d,
         "max_position_embeddings":%d,"id2label":{"0":"LABEL_0"}}
        """
            .formatted(TinyTextModel.VOCABULARY, PLACES),
        tokenizer);
  }

  private OnnxGraph graph() {
    embeddings();
    graph
        .longs("apart", new long[] {4}, 0, 0, HEADS, WIDTH / HEADS)
        .longs("together", new long[] {3}, 0, 0, WIDTH)
        .real("scale", (float) (1 / Math.sqrt((double) WIDTH / HEADS)));
    for (int layer = 0; layer < LAYERS; layer++) {
      layer("l" + layer + "_", "h" + layer, "h" + (layer + 1));
    }
    weights("head", WIDTH, 1);
    return graph
        .number("first", 0)
        .node("Gather", "h" + LAYERS + " first", "cls", Attribute.number("axis", 1))
        .node("MatMul", "cls head", "logits")
        .output("logits", Datatype.FP32, "batch", "1");
  }

  private void embeddings() {
    weights("words", TinyTextModel.VOCABULARY, WIDTH);
    weights("types", 2, WIDTH);
    weights("places", PLACES, WIDTH);
    norm("norm_");
    graph
        .input("input_ids", Datatype.INT64, "batch", "sequence")
        .input("attention_mask", Datatype.INT64, "batch", "sequence")
        .input("token_type_ids", Datatype.INT64, "batch", "sequence")
        .longs("zero", new long[] {1}, 0)
        .longs("one", new long[] {1}, 1)
        .longs("heads_and_rows", new long[] {2}, 1, 2)
        .real("present", 1)
        .real("absent", -1e9f)
        .node("Shape", "input_ids", "shape")
        .node("Slice", "shape one two", "length")
        .longs("two", new long[] {1}, 2)
        .node("Slice", "places zero length", "placed")
        .node("Gather", "words input_ids", "of_words")
        .node("Gather", "types token_type_ids", "of_types")
        .node("Add", "of_words of_types", "of_both")
        .node("Add", "of_both placed", "embedded")
        .node("LayerNormalization", "embedded norm_gain norm_bias", "h0")
        .cast("attention_mask", "mask", Datatype.FP32)
        .node("Sub", "present mask", "missing")
        .node("Mul", "missing absent", "penalty")
        .node("Unsqueeze", "penalty heads_and_rows", "penalties");
  }

  private void layer(String p, String from, String to) {
    for (String part : new String[] {"q", "k", "v"}) {
      weights(p + "w" + part, WIDTH, WIDTH);
      boolean isKey = part.equals("k");
      graph
          .node("MatMul", from + " " + p + "w" + part, p + part)
          .node("Reshape", p + part + " apart", p + part + "_apart")
          .node(
              "Transpose",
              p + part + "_apart",
              p + part + "_heads",
              isKey
                  ? Attribute.numbers("perm", 0, 2, 3, 1)
                  : Attribute.numbers("perm", 0, 2, 1, 3));
    }
    weights(p + "wo", WIDTH, WIDTH);
    weights(p + "w1", WIDTH, INNER);
    weights(p + "w2", INNER, WIDTH);
    norm(p + "one_");
    norm(p + "two_");
    graph
        .node("MatMul", p + "q_heads " + p + "k_heads", p + "products")
        .node("Mul", p + "products scale", p + "scaled")
        .node("Add", p + "scaled penalties", p + "seen")
        .node("Softmax", p + "seen", p + "attention")
        .node("MatMul", p + "attention " + p + "v_heads", p + "attended")
        .node("Transpose", p + "attended", p + "turned", Attribute.numbers("perm", 0, 2, 1, 3))
        .node("Reshape", p + "turned together", p + "joined")
        .node("MatMul", p + "joined " + p + "wo", p + "mixed")
        .node("Add", from + " " + p + "mixed", p + "sum")
        .node("LayerNormalization", p + "sum " + p + "one_gain " + p + "one_bias", p + "middle")
        .node("MatMul", p + "middle " + p + "w1", p + "wide")
        .node("Gelu", p + "wide", p + "active")
        .node("MatMul", p + "active " + p + "w2", p + "narrow")
        .node("Add", p + "middle " + p + "narrow", p + "end")
        .node("LayerNormalization", p + "end " + p + "two_gain " + p + "two_bias", to);
  }

  private void norm(String p) {
    float[] ones = new float[WIDTH];
    Arrays.fill(ones, 1);
    graph
        .floats(p + "gain", new long[] {WIDTH}, ones)
        .floats(p + "bias", new long[] {WIDTH}, new float[WIDTH]);
  }

  private void weights(String name, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int index = 0; index < values.length; index++) {
      values[index] = SPREAD * (float) random.nextGaussian();
    }
    graph.floats(name, new long[] {rows, columns}, values);
  }
}
