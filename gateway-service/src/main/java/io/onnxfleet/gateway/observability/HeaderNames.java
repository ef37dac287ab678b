package io.onnxfleet.gateway.observability;

/** The headers that tie together what gateway, replica and client say about one request. */
public final class HeaderNames {

  public static final String REQUEST_ID = "X-Request-Id";
  public static final String TRACEPARENT = "traceparent";

  /** Tells a replica whose request it is; says nothing of credentials. */
  public static final String CALLER = "Inference-Caller";

  /** Tells a replica, by {@code no}, that the caller may not choose a priority. */
  public static final String MAY_PRIORITIZE = "Inference-May-Prioritize";

  /**
   * Which model was chosen for the caller, who asked for its family or for a model that is being
   * rolled out: told to the replica and to the client.
   */
  public static final String VARIANT = "Inference-Variant";

  private HeaderNames() {}
}
