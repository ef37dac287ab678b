package io.onnxfleet.engine.text;

import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.text.tokenization.SpecialTokens;
import io.onnxfleet.engine.text.tokenization.TextWindow;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Writes windows as requests of one row each. Thread-safe. */
final class TextRows {
  private final TextModel model;
  private final BufferPool pool;
  private final boolean padsLeft;
  private final long[] ones;
  private final long[] positions;
  private final long[] zeros;
  private final long[] padTokens;

  /**
   * Rows of at most that many tokens, special ones included.
   *
   * @param padsLeft true if rows of a fixed length are filled up at their start
   * @param pool where the rows' memory comes from
   */
  TextRows(TextModel model, int maxLength, boolean padsLeft, BufferPool pool) {
    this.model = model;
    this.padsLeft = padsLeft;
    this.pool = pool;
    ones = new long[maxLength];
    Arrays.fill(ones, 1);
    Integer first = model.settings().positionOffset();
    positions = new long[maxLength];
    Arrays.setAll(positions, index -> index + (first == null ? 0L : first));
    zeros = new long[Math.max(0, model.fixedLength())];
    padTokens = new long[zeros.length];
    Arrays.fill(padTokens, model.settings().padToken());
  }

  /** Places of a window's row before its first token that are padding. */
  int paddingBefore(TokenizedTexts.Text text, TextWindow window) {
    return padsLeft ? Math.max(0, model.fixedLength() - lengthOf(text, window)) : 0;
  }

  /** Tokens of a window's row that are not padding. */
  int lengthOf(TokenizedTexts.Text text, TextWindow window) {
    return window.length() + text.frame().count();
  }

  /** The request of one window, whose tensors are the caller's to give away or to close. */
  InferenceRequest request(TokenizedTexts.Text text, TextWindow window, Deadline deadline) {
    List<NamedTensor> inputs = new ArrayList<>(model.inputs().size());
    try {
      for (TensorSpec input : model.inputs()) {
        inputs.add(new NamedTensor(input.name(), row(input, text, window)));
      }
      return new InferenceRequest(
          null, model.name(), model.version(), inputs, List.of(model.output()), deadline, 0);
    } catch (Throwable failure) {
      inputs.forEach(input -> input.tensor().close());
      throw failure;
    }
  }

  private Tensor row(TensorSpec input, TokenizedTexts.Text text, TextWindow window) {
    SpecialTokens frame = text.frame();
    int tokens = lengthOf(text, window);
    int length = Math.max(tokens, model.fixedLength());
    Tensor tensor = Tensor.allocate(pool, input.dataType(), Shape.of(1, length));
    try {
      Elements elements =
          input.dataType() == DataType.INT64
              ? new Longs(tensor.data().asLongBuffer())
              : new Integers(tensor.data().asIntBuffer());
      long[] padding = input.name().equals(TextModel.INPUT_IDS) ? padTokens : zeros;
      if (padsLeft) {
        elements.put(padding, 0, length - tokens);
      }
      switch (input.name()) {
        case TextModel.INPUT_IDS -> {
          elements.put(frame.prefix(), 0, frame.prefix().length);
          elements.put(text.tokens(), window.from(), window.length());
          elements.put(frame.suffix(), 0, frame.suffix().length);
        }
        case TextModel.ATTENTION_MASK -> elements.put(ones, 0, tokens);
        case TextModel.POSITION_IDS -> elements.put(positions, 0, tokens);
        default -> {
          elements.put(frame.prefixTypes(), 0, frame.prefixTypes().length);
          elements.repeat(frame.textType(), window.length());
          elements.put(frame.suffixTypes(), 0, frame.suffixTypes().length);
        }
      }
      if (!padsLeft) {
        elements.put(padding, 0, length - tokens);
      }
      return tensor;
    } catch (Throwable failure) {
      tensor.close();
      throw failure;
    }
  }

  /** Where the integers of one row go. */
  private sealed interface Elements {
    void put(long[] values, int from, int count);

    void repeat(long value, int count);
  }

  private record Longs(LongBuffer target) implements Elements {
    @Override
    public void put(long[] values, int from, int count) {
      target.put(values, from, count);
    }

    @Override
    public void repeat(long value, int count) {
      for (int index = 0; index < count; index++) {
        target.put(value);
      }
    }
  }

  private record Integers(IntBuffer target) implements Elements {
    @Override
    public void put(long[] values, int from, int count) {
      for (int index = from; index < from + count; index++) {
        target.put((int) values[index]);
      }
    }

    @Override
    public void repeat(long value, int count) {
      for (int index = 0; index < count; index++) {
        target.put((int) value);
      }
    }
  }
}
