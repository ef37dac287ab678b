package io.onnxfleet.engine.text.classify;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What becomes of the logits of a text that was cut into several windows. */
public enum WindowJoining {
  /** Their mean over the windows. */
  MEAN,
  /** The largest of each label's. */
  MAX;

  /** Its name in requests and headers. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** By its name; empty if it is none. */
  public static Optional<WindowJoining> of(String label) {
    return Arrays.stream(values()).filter(each -> each.label().equals(label)).findFirst();
  }

  /** The names that are known, for messages. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(WindowJoining::label).toList();
  }
}
