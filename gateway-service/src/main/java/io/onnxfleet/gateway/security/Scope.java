package io.onnxfleet.gateway.security;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a caller may do with the models that it may use. */
public enum Scope {
  /** Inference. */
  INFER,
  /** Work that is answered later. */
  JOBS,
  /** Loads, unloads and rolls out; sees the management endpoints. */
  ADMIN,
  /** A priority above normal. */
  PRIORITY;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** The scope as files and tokens write it. */
  public String label() {
    return label;
  }

  public static Optional<Scope> of(String label) {
    return Arrays.stream(values()).filter(scope -> scope.label.equals(label)).findFirst();
  }

  public static Scope parse(String label) {
    return of(label.strip().toLowerCase(Locale.ROOT))
        .orElseThrow(
            () ->
                new IllegalArgumentException("scope: '%s' (expected: %s)".formatted(label, all())));
  }

  static String all() {
    return Arrays.stream(values()).map(Scope::label).collect(Collectors.joining(", "));
  }
}
