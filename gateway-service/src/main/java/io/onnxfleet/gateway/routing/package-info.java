/**
 * The way of a request to a replica and back: {@link io.onnxfleet.contract.api.ApiCall} reads the
 * path, {@link io.onnxfleet.gateway.routing.RoutingFilter} decides, {@code Forwarding} sends it and
 * tries again where that is safe.
 */
@NullMarked
package io.onnxfleet.gateway.routing;

import org.jspecify.annotations.NullMarked;
