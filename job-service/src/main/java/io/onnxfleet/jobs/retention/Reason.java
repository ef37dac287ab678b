package io.onnxfleet.jobs.retention;

import java.util.Locale;

/** Why something is removed. */
enum Reason {
  /** It was kept as long as it is to be. */
  AGE,
  /** The store has too much. */
  SIZE;

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
