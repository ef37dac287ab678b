/**
 * What the registry says about the replicas: {@link io.onnxfleet.gateway.fleet.FleetWatch} keeps an
 * immutable {@link io.onnxfleet.gateway.fleet.Fleet} of {@link io.onnxfleet.gateway.fleet.Replica
 * replicas}.
 */
@NullMarked
package io.onnxfleet.gateway.fleet;

import org.jspecify.annotations.NullMarked;
