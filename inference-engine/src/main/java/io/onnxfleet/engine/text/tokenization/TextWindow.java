package io.onnxfleet.engine.text.tokenization;

import java.util.ArrayList;
import java.util.List;

/**
 * A part of a text's tokens that is one row of the model.
 *
 * @param from first token of the text in this window
 * @param to one behind the last
 * @param newTokens tokens that no window before this one holds: its weight when windows are joined
 */
public record TextWindow(int from, int to, int newTokens) {

  public int length() {
    return to - from;
  }

  /**
   * Cuts a text: as few windows as the capacity allows, of equal length but for rounding, so that
   * they share a batch without much padding. A text that fits is one window, even an empty one.
   *
   * <p>INVARIANT: windows are in order, the first starts at 0, the last ends at the last token,
   * each other one starts {@code overlap} tokens before the one before it ends, and their new
   * tokens add up to the text's.
   *
   * @param tokens of the text, special tokens not counted
   * @param capacity tokens that a window can hold, special tokens not counted; at least 1
   * @param overlap tokens that neighbours share; less than the capacity
   */
  public static List<TextWindow> cut(int tokens, int capacity, int overlap) {
    if (capacity < 1 || overlap < 0 || overlap >= capacity) {
      throw new IllegalArgumentException(
          "capacity: %d (expected: >= 1), overlap: %d (expected: 0 to capacity - 1)"
              .formatted(capacity, overlap));
    }
    if (tokens <= capacity) {
      return List.of(new TextWindow(0, tokens, tokens));
    }
    int count = (int) ceiling(tokens - overlap, capacity - overlap);
    List<TextWindow> windows = new ArrayList<>(count);
    int covered = 0;
    for (int index = 1; index <= count; index++) {
      int to = overlap + (int) ceiling(index * (long) (tokens - overlap), count);
      windows.add(new TextWindow(Math.max(0, covered - overlap), to, to - covered));
      covered = to;
    }
    return windows;
  }

  private static long ceiling(long dividend, int divisor) {
    return (dividend + divisor - 1) / divisor;
  }
}
