package io.onnxfleet.gateway.observability;

/** The names of the gateway's metrics and of their tags. */
public final class GatewayMetricNames {

  /** Timer: whole requests, by model and outcome. */
  public static final String REQUESTS = "fleet.gateway.requests";

  /** Histogram: a try at a replica, from choosing it to the end of its answer, by model. */
  public static final String UPSTREAM = "fleet.gateway.upstream";

  /** Counter: tries after a first one failed, by the reason of that failure. */
  public static final String RETRIES = "fleet.gateway.retries";

  /** Gauge: requests of this gateway under way, by replica. */
  public static final String REPLICA_IN_FLIGHT = "fleet.gateway.replica.in.flight";

  /** Gauge: replicas, by state. */
  public static final String REPLICAS = "fleet.gateway.replicas";

  /** Gauge: requests admitted and not answered. */
  public static final String ADMITTED = "fleet.gateway.admitted";

  /** Gauge: bytes of request bodies that are kept to be sent again. */
  public static final String KEPT_BODIES = "fleet.gateway.kept.bodies";

  static final String TAG_MODEL = "model";
  static final String TAG_OUTCOME = "outcome";
  static final String TAG_REASON = "reason";
  static final String TAG_REPLICA = "replica";
  static final String TAG_STATE = "state";

  private GatewayMetricNames() {}
}
