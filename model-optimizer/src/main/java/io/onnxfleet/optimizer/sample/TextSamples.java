package io.onnxfleet.optimizer.sample;

import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Texts as the inputs of a transformer encoder: token ids, mask and token types. */
public final class TextSamples {
  private static final int MAX_TOKENS = 256;

  private TextSamples() {}

  /** Whether a model wants nothing but what a tokenizer makes of text. */
  public static boolean fits(List<InputSpec> inputs) {
    return inputs.stream().anyMatch(input -> input.name().equals(TextModel.INPUT_IDS))
        && inputs.stream()
            .allMatch(
                input ->
                    (input.name().equals(TextModel.INPUT_IDS)
                            || input.name().equals(TextModel.ATTENTION_MASK)
                            || input.name().equals(TextModel.TOKEN_TYPE_IDS))
                        && input.shape().size() == 2
                        && input
                            .type()
                            .filter(type -> type == ElementType.INT64 || type == ElementType.INT32)
                            .isPresent());
  }

  /** Each text as a run of its own, of as many tokens as it has. */
  static List<List<TensorValue>> each(
      List<InputSpec> inputs, TextTokenizer tokenizer, List<String> texts) {
    return texts.stream()
        .map(text -> rows(inputs, List.of(tokenizer.encodeRow(text, MAX_TOKENS))))
        .toList();
  }

  /** Rows of one run: shorter ones are padded with masked zeros to the longest. */
  public static List<TensorValue> rows(List<InputSpec> inputs, List<long[]> rows) {
    int length = rows.stream().mapToInt(row -> row.length).max().orElseThrow();
    long[] ids = new long[rows.size() * length];
    long[] mask = new long[ids.length];
    for (int index = 0; index < rows.size(); index++) {
      long[] row = rows.get(index);
      System.arraycopy(row, 0, ids, index * length, row.length);
      Arrays.fill(mask, index * length, index * length + row.length, 1);
    }
    List<TensorValue> values = new ArrayList<>();
    for (InputSpec input : inputs) {
      long[] data =
          switch (input.name()) {
            case TextModel.INPUT_IDS -> ids;
            case TextModel.ATTENTION_MASK -> mask;
            default -> new long[ids.length];
          };
      Tensor tensor =
          input.type().filter(type -> type == ElementType.INT32).isPresent()
              ? narrow(data, rows.size(), length)
              : Tensor.ofLongs(data, rows.size(), length);
      values.add(new TensorValue(input.name(), tensor));
    }
    return values;
  }

  private static Tensor narrow(long[] values, long... shape) {
    ByteBuffer data = Tensor.allocate(4L * values.length);
    for (long value : values) {
      data.putInt((int) value);
    }
    return Tensor.of(ElementType.INT32, data.flip(), shape);
  }
}
