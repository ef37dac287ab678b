/**
 * What the gateway does for a fleet that is scaled to nothing: {@link
 * io.onnxfleet.gateway.waking.WakingQueue} holds requests until a replica is there, and its metrics
 * wake the fleet.
 */
@NullMarked
package io.onnxfleet.gateway.waking;

import org.jspecify.annotations.NullMarked;
