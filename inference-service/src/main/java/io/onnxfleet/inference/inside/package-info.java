/**
 * The replica as a part of its fleet: {@link io.onnxfleet.contract.fleet.FleetSecret} is what its
 * processes know each other by, with {@link io.onnxfleet.contract.fleet.FleetCertificates} beside
 * it or in its place. {@link io.onnxfleet.configuration.FleetDoor} says which requests are the
 * fleet's, {@link io.onnxfleet.inference.inside.RegistryRequests} shows both to the registry.
 */
@NullMarked
package io.onnxfleet.inference.inside;

import org.jspecify.annotations.NullMarked;
