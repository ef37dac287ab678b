package io.onnxfleet.inference.protocol.v2;

/** Bodies of the health paths, which KServe's client reads; others look at the status only. */
final class HealthBodies {
  private HealthBodies() {}

  record Live(boolean live) {}

  record Ready(boolean ready) {}

  record ModelReady(String name, boolean ready) {}
}
