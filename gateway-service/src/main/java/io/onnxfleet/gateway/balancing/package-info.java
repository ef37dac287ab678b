/**
 * Which replica: {@link io.onnxfleet.gateway.balancing.ReplicaLoadBalancer} narrows the fleet down
 * to candidates, a {@link io.onnxfleet.gateway.balancing.policy.BalancingPolicy} chooses one.
 */
@NullMarked
package io.onnxfleet.gateway.balancing;

import org.jspecify.annotations.NullMarked;
