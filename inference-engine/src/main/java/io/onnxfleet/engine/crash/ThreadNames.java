package io.onnxfleet.engine.crash;

import io.onnxfleet.engine.metrics.ModelVersionId;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of threads that run native code for a model version, so that a crash report tells which one
 * it was.
 */
public final class ThreadNames {
  private static final Pattern NAME = Pattern.compile("(?:model|loading)-(.+):(\\d{1,18})-\\d+");

  private ThreadNames() {}

  /** A model instance's thread, such as {@code model-bert:1-0}. */
  public static String instance(ModelVersionId id, int number) {
    return "model-%s-%d".formatted(id, number);
  }

  /** A thread while it loads a version, such as {@code loading-bert:1-0}. */
  public static String loading(ModelVersionId id) {
    return "loading-%s-0".formatted(id);
  }

  /** Which version a thread runs, by its name. */
  static Optional<ModelVersionId> model(String thread) {
    Matcher name = NAME.matcher(thread);
    return name.matches()
        ? Optional.of(new ModelVersionId(name.group(1), Long.parseLong(name.group(2))))
        : Optional.empty();
  }
}
