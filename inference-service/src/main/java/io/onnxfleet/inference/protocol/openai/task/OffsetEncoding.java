package io.onnxfleet.inference.protocol.openai.task;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What places in a text count. */
public enum OffsetEncoding {
  /** Unicode code points, as Python does. */
  CODE_POINTS("code-points"),
  /** UTF-16 units, as Java and JavaScript do. */
  UTF_16("utf-16");

  private final String label;

  OffsetEncoding(String label) {
    this.label = label;
  }

  /** By its name; empty if it is none. */
  public static Optional<OffsetEncoding> of(String label) {
    return Arrays.stream(values()).filter(each -> each.label.equals(label)).findFirst();
  }

  /** The names that are known, for messages. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(each -> each.label).toList();
  }

  /** Places of one text; remembers the last one. Not thread-safe. */
  public static final class Places {
    private final String text;
    private final OffsetEncoding encoding;
    private int codePoint;
    private int unit;

    public Places(String text, OffsetEncoding encoding) {
      this.text = text;
      this.encoding = encoding;
    }

    /** A place that is known in code points, as it is told. */
    public int told(int place) {
      return encoding == CODE_POINTS ? place : unit(place);
    }

    /** What stands between two places in code points. */
    public String between(int start, int end) {
      int from = unit(start);
      return text.substring(from, unit(end));
    }

    private int unit(int place) {
      unit = text.offsetByCodePoints(unit, place - codePoint);
      codePoint = place;
      return unit;
    }
  }
}
