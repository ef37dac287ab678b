/**
 * The way of a call to a replica and back: {@code ForwardedCall} tries replicas, again where that
 * is safe and beside each other where one is not heard of, {@code HttpReplicaClient} speaks to
 * them. {@link io.onnxfleet.gateway.forwarding.RolloutForwarding} is where calls come in.
 */
@NullMarked
package io.onnxfleet.gateway.forwarding;

import org.jspecify.annotations.NullMarked;
