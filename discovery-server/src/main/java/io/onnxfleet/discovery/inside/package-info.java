/**
 * The registry as a part of its fleet: {@link io.onnxfleet.contract.fleet.FleetSecret} is what its
 * processes know each other by.
 */
@NullMarked
package io.onnxfleet.discovery.inside;

import org.jspecify.annotations.NullMarked;
