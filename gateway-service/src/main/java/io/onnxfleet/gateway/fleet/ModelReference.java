package io.onnxfleet.gateway.fleet;

import org.jspecify.annotations.Nullable;

/** A model as a request names it; without a version the replica serves its highest READY one. */
public record ModelReference(String name, @Nullable String version) {

  @Override
  public String toString() {
    return version == null ? name : name + ":" + version;
  }
}
