package io.onnxfleet.inference.load;

/** The headers of ORCA (Open Request Cost Aggregation), as other balancers know them too. */
public final class LoadHeaders {
  /** In answers: a form and what it says, {@code TEXT key=value, key=value}. */
  public static final String METRICS = "endpoint-load-metrics";

  /** In requests: the form wanted, {@code TEXT} if absent, or {@code JSON}. */
  static final String FORMAT = "endpoint-load-metrics-format";

  static final String JSON = "JSON";

  private LoadHeaders() {}
}
