package io.onnxfleet.inference.observability;

/**
 * The names of a replica's meters and tags: the fleet's own, and beside them those that a Triton
 * dashboard or autoscaler looks for. Prometheus shows dots as underscores and appends the unit;
 * counters end in {@code _total} there. Triton's names have no such ending, so they are exposed as
 * gauges of a count that only grows; {@code rate()} reads them alike.
 */
final class MeterNames {
  /** Whole requests, from acceptance to answer; a histogram. */
  static final String REQUEST_DURATION = "fleet.inference.request.duration";

  /** Requests that ended without an answer. */
  static final String REQUEST_FAILURES = "fleet.inference.request.failures";

  /** From acceptance to the closing of the batch. */
  static final String QUEUE_DURATION = "fleet.inference.queue.duration";

  static final String COMPUTE_INPUT_DURATION = "fleet.inference.compute.input.duration";
  static final String COMPUTE_INFER_DURATION = "fleet.inference.compute.infer.duration";
  static final String COMPUTE_OUTPUT_DURATION = "fleet.inference.compute.output.duration";

  /** Rows of executed batches. */
  static final String BATCH_SIZE = "fleet.inference.batch.size";

  /** The share of a batch's input that was padding, 0 to 1. */
  static final String BATCH_PADDING = "fleet.inference.batch.padding.ratio";

  /** Tokens that were run, padding included; a row is one where rows have no length. */
  static final String TOKENS = "fleet.inference.tokens";

  /** How many of them were padding. */
  static final String PADDING_TOKENS = "fleet.inference.padding.tokens";

  /** Answers to merged requests that were compared with those of the same requests alone. */
  static final String MERGED_COMPARISONS = "fleet.inference.merged.comparisons";

  /** Requests that wait. */
  static final String PENDING_REQUESTS = "fleet.inference.pending.requests";

  static final String PENDING_ROWS = "fleet.inference.pending.rows";

  /** How long the oldest waiting request has waited, in seconds; scale on it. */
  static final String QUEUE_DELAY = "fleet.inference.queue.delay";

  /** The busy share of the instances' time, 0 to 1; scale on it. */
  static final String BUSY_SHARE = "fleet.inference.instances.busy.ratio";

  static final String INSTANCES = "fleet.inference.instances";

  /** 1 for each READY version, tagged with what it runs on. */
  static final String MODEL_READY = "fleet.inference.model.ready";

  /** Versions that are being loaded. */
  static final String MODELS_LOADING = "fleet.inference.models.loading";

  /** Versions that are not loaded, because they ended a process. */
  static final String MODELS_QUARANTINED = "fleet.inference.models.quarantined";

  /** How long versions took to load, by outcome. */
  static final String LOAD_DURATION = "fleet.inference.model.load.duration";

  /** What runs take or have left for the next ones, weights not counted; per version. */
  static final String MODEL_RUN_MEMORY = "fleet.inference.model.run.memory";

  /** The same of all versions, with what runs under way are expected to take. */
  static final String RUN_MEMORY_USED = "fleet.inference.run.memory.used";

  static final String RUN_MEMORY_LIMIT = "fleet.inference.run.memory.limit";

  /** Runs that had to wait for memory. */
  static final String RUN_MEMORY_WAITS = "fleet.inference.run.memory.waits";

  static final String TENSOR_MEMORY_IN_USE = "fleet.inference.tensor.memory.used";
  static final String TENSOR_MEMORY_POOLED = "fleet.inference.tensor.memory.pooled";

  static final String TRITON_REQUEST_SUCCESS = "nv_inference_request_success";
  static final String TRITON_REQUEST_FAILURE = "nv_inference_request_failure";
  static final String TRITON_INFERENCE_COUNT = "nv_inference_count";
  static final String TRITON_EXECUTION_COUNT = "nv_inference_exec_count";
  static final String TRITON_PENDING_REQUESTS = "nv_inference_pending_request_count";
  static final String TRITON_REQUEST_DURATION = "nv_inference_request_duration_us";
  static final String TRITON_QUEUE_DURATION = "nv_inference_queue_duration_us";
  static final String TRITON_COMPUTE_INPUT_DURATION = "nv_inference_compute_input_duration_us";
  static final String TRITON_COMPUTE_INFER_DURATION = "nv_inference_compute_infer_duration_us";
  static final String TRITON_COMPUTE_OUTPUT_DURATION = "nv_inference_compute_output_duration_us";

  static final String MODEL_TAG = "model";
  static final String VERSION_TAG = "version";
  static final String OUTCOME_TAG = "outcome";
  static final String REASON_TAG = "reason";
  static final String PROVIDER_TAG = "execution.provider";

  private MeterNames() {}
}
