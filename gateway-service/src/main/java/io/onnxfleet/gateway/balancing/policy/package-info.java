/**
 * How one of several replicas is chosen: each {@link
 * io.onnxfleet.gateway.balancing.policy.BalancingPolicy}, and in {@link
 * io.onnxfleet.gateway.balancing.policy.PolicyName} what configuration calls it.
 */
@NullMarked
package io.onnxfleet.gateway.balancing.policy;

import org.jspecify.annotations.NullMarked;
