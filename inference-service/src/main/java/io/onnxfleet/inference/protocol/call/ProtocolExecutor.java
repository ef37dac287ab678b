package io.onnxfleet.inference.protocol.call;

/**
 * The virtual threads of handlers that wait for a change of the repository, or list it. Calls that
 * run a model need none: {@link ModelCalls} are served by their request's own.
 */
public final class ProtocolExecutor {
  /** Name of the executor's bean, for {@code @Async}. */
  public static final String NAME = "protocolExecutor";

  private ProtocolExecutor() {}
}
