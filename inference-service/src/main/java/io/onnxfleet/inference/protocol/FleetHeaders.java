package io.onnxfleet.inference.protocol;

/** Names of the headers that the parts of a fleet agree on. */
public final class FleetHeaders {
  /** One request's name through the fleet, in requests, responses and logs. */
  public static final String REQUEST_ID = "X-Request-Id";

  /** W3C trace context. */
  public static final String TRACE_PARENT = "traceparent";

  /** Milliseconds that the whole request may still take. */
  public static final String DEADLINE_MILLIS = "Inference-Deadline-Ms";

  /**
   * Whose request it is: callers share a model fairly. The gateway says it; else the address does.
   */
  public static final String CALLER = "Inference-Caller";

  /**
   * The model that the gateway chose for the request. It goes before what the body asks for, and is
   * told in the answer.
   */
  public static final String VARIANT = "Inference-Variant";

  /** What answered: the start of the digest of the model's files and configuration. */
  public static final String CONTENT = "Inference-Content";

  /** Which replica answered. */
  public static final String REPLICA = "Inference-Replica";

  /** {@value #DRAINING} on a refusal that another replica would not give. */
  public static final String REPLICA_STATE = "Inference-Replica-State";

  public static final String DRAINING = "draining";

  /** On a refusal of what is not the fleet's. */
  static final String CLOSED = "closed";

  /** What a request must have, in the words of {@code WWW-Authenticate}. */
  static final String SIGNATURE_SCHEME = "Onnx-Fleet-Signature";

  /** The names in a request's body that changed nothing. */
  public static final String IGNORED = "Inference-Ignored";

  /** How many windows each text of an embeddings request was cut into. */
  public static final String WINDOWS = "Inference-Windows";

  /** What an answer took, {@code rows=4, tokens=120}: the gateway charges its caller for it. */
  public static final String UNITS = "Inference-Units";

  /** {@value #NO} of a caller who may not choose a priority: it has the model's default one. */
  public static final String MAY_PRIORITIZE = "Inference-May-Prioritize";

  public static final String NO = "no";

  private FleetHeaders() {}
}
