/**
 * The gateway as a part of its fleet: {@link io.onnxfleet.contract.fleet.FleetSecret} is what its
 * processes know each other by, {@link io.onnxfleet.gateway.inside.RequestSigning} shows it to
 * replicas, {@link io.onnxfleet.gateway.inside.ReplicaNetworks} says where replicas may be.
 */
@NullMarked
package io.onnxfleet.gateway.inside;

import org.jspecify.annotations.NullMarked;
