package io.onnxfleet.gateway.call;

import io.onnxfleet.contract.fleet.TraceContext;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one request while it is under way, for its log line and its metrics. The
 * identity never changes; model, replica and tries are told by whoever decides them, one thread
 * after another.
 */
public final class RequestTrace {

  private final String requestId;
  private final String traceparent;
  private volatile @Nullable String model;
  private volatile @Nullable String caller;
  private volatile @Nullable String variant;
  private volatile @Nullable String variantVersion;
  private volatile int priority;
  private volatile @Nullable String replica;
  private volatile int tries;

  /** A request of which nothing else is known yet. */
  public RequestTrace(String requestId, String traceparent) {
    this.requestId = requestId;
    this.traceparent = traceparent;
  }

  public String requestId() {
    return requestId;
  }

  public String traceparent() {
    return traceparent;
  }

  public String traceId() {
    return TraceContext.traceId(traceparent);
  }

  /** The model that the request turned out to be for. Only names that some replica knows. */
  public void model(String name) {
    model = name;
  }

  public @Nullable String model() {
    return model;
  }

  /** Whose request it is, for the replicas' own fairness. */
  public void caller(String name) {
    caller = name;
  }

  public @Nullable String caller() {
    return caller;
  }

  /** The priority that the caller has. */
  public void priority(int granted) {
    priority = granted;
  }

  /** 0 as long as nobody has asked what the caller may have. */
  public int priority() {
    return priority;
  }

  /**
   * The model that was chosen for the caller.
   *
   * @param name with the version, if there is one
   */
  public void variant(String name, @Nullable String version) {
    variant = name;
    variantVersion = version;
  }

  public @Nullable String variant() {
    return variant;
  }

  public @Nullable String variantVersion() {
    return variantVersion;
  }

  /**
   * The replica that is tried now.
   *
   * @param number of the try, from 1
   */
  public void tried(String id, int number) {
    replica = id;
    tries = number;
  }

  public @Nullable String replica() {
    return replica;
  }

  public int tries() {
    return tries;
  }
}
