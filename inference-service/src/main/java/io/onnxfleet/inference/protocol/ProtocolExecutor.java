package io.onnxfleet.inference.protocol;

/** The virtual threads that decode, wait and encode; a container's thread does none of these. */
public final class ProtocolExecutor {
  /** Name of the executor's bean, for {@code @Async}. */
  public static final String NAME = "protocolExecutor";

  private ProtocolExecutor() {}
}
