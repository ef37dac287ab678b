package io.onnxfleet.engine.textsettings;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What a text model is for. */
public enum ModelTask {
  /** Makes a vector of each text. */
  EMBED("embed"),

  /** Says how relevant a text is to a query. */
  RERANK("rerank"),

  /** Says which of its labels a text has. */
  CLASSIFY("classify"),

  /** Says which of its labels each token has. */
  TOKEN_CLASSIFY("token-classify"),

  /** Weighs the vocabulary's tokens for each text. */
  SPARSE("sparse");

  private final String label;

  ModelTask(String label) {
    this.label = label;
  }

  /** Its name in parameters and answers. */
  public String label() {
    return label;
  }

  /** Whether it is served by a head of scores rather than by vectors. */
  public boolean hasHead() {
    return this != EMBED;
  }

  /** By its name; empty if it is none. */
  public static Optional<ModelTask> of(String label) {
    return Arrays.stream(values()).filter(task -> task.label.equals(label)).findFirst();
  }

  /** The names that are known, for messages. */
  static List<String> labels() {
    return Arrays.stream(values()).map(ModelTask::label).toList();
  }
}
