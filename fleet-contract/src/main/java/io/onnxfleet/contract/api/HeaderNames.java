package io.onnxfleet.contract.api;

/**
 * Every header that the fleet's processes and their callers agree on, beside HTTP's own. A name
 * that one side does not know is passed over; one that is missing has the default that stands here.
 */
public final class HeaderNames {

  // Said by callers, and passed on by the gateway.

  /** One request's name through the fleet, in requests, answers and logs; else a new one. */
  public static final String REQUEST_ID = "X-Request-Id";

  /** W3C trace context ({@link io.onnxfleet.contract.fleet.TraceContext}); else a new trace. */
  public static final String TRACE_PARENT = "traceparent";

  /**
   * Milliseconds that the whole request may still take; else the process's own default. The gateway
   * tells a replica what is left.
   */
  public static final String DEADLINE_MILLIS = "Inference-Deadline-Ms";

  /**
   * Bytes of JSON in front of binary tensors, in requests and answers; else the whole body is JSON.
   */
  public static final String HEADER_LENGTH = "Inference-Header-Content-Length";

  /**
   * 1 (highest) to 9, or 0, which is also the default, for a model's own default ({@link
   * io.onnxfleet.contract.fleet.Priority}). The gateway tells a replica what it grants; a replica
   * that is told nothing goes by the body alone.
   */
  public static final String PRIORITY = "Inference-Priority";

  // Said by callers to the gateway.

  /** Milliseconds within which a family's variant should answer; else the best variant does. */
  public static final String LATENCY_BUDGET_MILLIS = "Inference-Latency-Budget-Ms";

  /** The least quality of a family's variant that will do; else any. */
  public static final String MIN_QUALITY = "Inference-Min-Quality";

  /** What keeps a caller on one side of a rollout; else each request is assigned by chance. */
  public static final String ROLLOUT_KEY = "Inference-Rollout-Key";

  /** RFC 7240: what a caller would like, such as {@value #RESPOND_ASYNC}. */
  public static final String PREFER = "Prefer";

  /** The request can wait: a job is made of it, and told of at once. */
  public static final String RESPOND_ASYNC = "respond-async";

  /** Which request of a caller a job is made of, so that none is made twice; else each is new. */
  public static final String IDEMPOTENCY_KEY = "Idempotency-Key";

  // Said by the gateway to replicas.

  /**
   * Whose request it is: callers share a model fairly. Says nothing of credentials; else the
   * address does.
   */
  public static final String CALLER = "Inference-Caller";

  /**
   * The model that the gateway chose for the request. It goes before what the body asks for, and is
   * told in the answer.
   */
  public static final String VARIANT = "Inference-Variant";

  /**
   * Its version, where the gateway chose that too, with which {@link #VARIANT} then ends: calls
   * that name a model in their body have no other place for it. Else the highest READY one.
   */
  public static final String VARIANT_VERSION = "Inference-Variant-Version";

  /**
   * Whose work a request is about: what the gateway tells the job service, and what that tells the
   * gateway of each line ({@link io.onnxfleet.contract.fleet.WorkOwner}). Counts only where {@link
   * #SIGNATURE} covers it.
   */
  public static final String OWNER = "Inference-Owner";

  /** Shows that a request is the fleet's own: {@link io.onnxfleet.contract.fleet.FleetSecret}. */
  public static final String SIGNATURE = "Inference-Fleet-Signature";

  /** What a request must have, in the words of {@code WWW-Authenticate}. */
  public static final String SIGNATURE_SCHEME = "Onnx-Fleet-Signature";

  // Said by replicas to the gateway.

  /** On a refusal: what is with the replica, {@value #DRAINING} or {@value #CLOSED}. */
  public static final String REPLICA_STATE = "Inference-Replica-State";

  /** It goes away; another replica would not refuse. */
  public static final String DRAINING = "draining";

  /** It does not take whoever asked for one of its fleet. */
  public static final String CLOSED = "closed";

  /** The load, in answers: {@link io.onnxfleet.contract.fleet.LoadReport}. */
  public static final String LOAD_METRICS = "endpoint-load-metrics";

  /** In requests: the form of the load that is wanted, {@code TEXT}, or {@code JSON}. */
  public static final String LOAD_METRICS_FORMAT = "endpoint-load-metrics-format";

  /**
   * How many bytes of the request's body were read, decompressed, for an answer or a refusal.
   * Absent where it was little.
   */
  public static final String BODY_BYTES = "Inference-Body-Bytes";

  // Said to callers in answers.

  /**
   * With a 503: a process died while it had this request, or one like it, and it was sent to no
   * other one. Sent again it is held back for as long as it may be the cause.
   */
  public static final String SUSPECT = "Inference-Suspect";

  /** What answered: the start of the digest of the model's files and configuration. */
  public static final String CONTENT = "Inference-Content";

  /** Which replica answered. */
  public static final String REPLICA = "Inference-Replica";

  /** The names in a request's body that changed nothing. */
  public static final String IGNORED = "Inference-Ignored";

  /** How many windows each text of a request was cut into; of rerank, each document. */
  public static final String WINDOWS = "Inference-Windows";

  /**
   * What became of the windows' logits of a text that was cut: {@code mean} or {@code max}. Absent
   * where none was.
   */
  public static final String WINDOWS_JOINED = "Inference-Windows-Joined";

  /** What an answer took: {@link io.onnxfleet.contract.fleet.InferenceUnits}. */
  public static final String UNITS = "Inference-Units";

  /** RFC 7240: what a caller preferred and got. */
  public static final String PREFERENCE_APPLIED = "Preference-Applied";

  /** How far the job is whose result is asked for. */
  public static final String JOB_STATUS = "Job-Status";

  /** How a change of a model went at each replica. */
  public static final String REPLICA_RESULTS = "Inference-Replica-Results";

  private HeaderNames() {}
}
