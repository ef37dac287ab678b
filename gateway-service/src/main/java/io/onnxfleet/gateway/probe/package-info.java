/**
 * Small questions to replicas, on nobody's behalf: {@link io.onnxfleet.gateway.probe.LifeProbes}
 * ask whether one lives, {@code LeavingProbes} whether one has gone, {@code HttpLoadProbes} how
 * busy one is.
 */
@NullMarked
package io.onnxfleet.gateway.probe;

import org.jspecify.annotations.NullMarked;
