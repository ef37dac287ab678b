package io.onnxfleet.gateway.balancing;

/**
 * What a request would meet at the replica that answers it soonest.
 *
 * @param nanos until the answer, on average; 0 while nothing is known of the model
 * @param ahead requests of all callers that are there
 */
public record ReplicaEstimate(long nanos, int ahead) {}
