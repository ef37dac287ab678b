package io.onnxfleet.engine.metrics;

/** Which version of which model; for example {@code all-minilm-l6-v2:1}. */
public record ModelVersionId(String model, long version) {
  @Override
  public String toString() {
    return model + ":" + version;
  }
}
