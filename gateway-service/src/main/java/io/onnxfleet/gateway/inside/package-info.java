/**
 * The gateway as a part of its fleet: {@link io.onnxfleet.contract.fleet.FleetSecret} is what its
 * processes know each other by, with {@link io.onnxfleet.contract.fleet.FleetCertificates} beside
 * it or in its place; {@link io.onnxfleet.gateway.inside.FleetIdentity} shows both to replicas.
 */
@NullMarked
package io.onnxfleet.gateway.inside;

import org.jspecify.annotations.NullMarked;
