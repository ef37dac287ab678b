package io.onnxfleet.gateway.rollout;

import java.util.Locale;

/** The two sides of a rollout. */
public enum Arm {
  STABLE,
  CANDIDATE;

  private final String tag = name().toLowerCase(Locale.ROOT);

  String tag() {
    return tag;
  }
}
