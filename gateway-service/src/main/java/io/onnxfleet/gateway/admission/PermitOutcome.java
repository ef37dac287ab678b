package io.onnxfleet.gateway.admission;

/** How a place was used, as far as the limit learns from it. */
enum PermitOutcome {
  /** The model ran: its latency counts. */
  ANSWERED,
  /** A replica refused for want of room: the limit is too high. */
  DROPPED,
  /** The deadline passed: as {@link #DROPPED}, unless it left less time than the target. */
  EXPIRED,
  /** Says nothing of the replicas: refused as invalid, cancelled, or as slow as its client. */
  IGNORED
}
