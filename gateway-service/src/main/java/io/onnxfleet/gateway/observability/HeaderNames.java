package io.onnxfleet.gateway.observability;

/** The headers that tie together what gateway, replica and client say about one request. */
public final class HeaderNames {

  public static final String REQUEST_ID = "X-Request-Id";
  public static final String TRACEPARENT = "traceparent";

  /** Tells a replica whose request it is; says nothing of credentials. */
  public static final String CALLER = "Inference-Caller";

  private HeaderNames() {}
}
