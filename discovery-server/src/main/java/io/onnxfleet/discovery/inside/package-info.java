/**
 * The registry as a part of its fleet: {@link io.onnxfleet.contract.fleet.FleetSecret} is what its
 * processes know each other by, with {@link io.onnxfleet.contract.fleet.FleetCertificates} beside
 * it or in its place.
 */
@NullMarked
package io.onnxfleet.discovery.inside;

import org.jspecify.annotations.NullMarked;
