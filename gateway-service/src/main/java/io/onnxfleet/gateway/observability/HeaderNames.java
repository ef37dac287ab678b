package io.onnxfleet.gateway.observability;

/** The headers that tie together what gateway, replica and client say about one request. */
public final class HeaderNames {

  public static final String REQUEST_ID = "X-Request-Id";
  public static final String TRACEPARENT = "traceparent";

  private HeaderNames() {}
}
