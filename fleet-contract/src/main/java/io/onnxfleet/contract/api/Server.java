package io.onnxfleet.contract.api;

/** Who answers a path. */
public enum Server {
  /** A replica; the gateway passes the request on to one. */
  ONE_REPLICA,
  /** The gateway for the whole fleet, a replica for itself. */
  WHOLE_FLEET,
  /** The gateway only. */
  GATEWAY,
  /** The job service; the gateway passes the request on to it. */
  JOB_SERVICE,
  /** A replica only, for the fleet's other processes. */
  REPLICA,
  /** Each process for itself. */
  PROCESS
}
