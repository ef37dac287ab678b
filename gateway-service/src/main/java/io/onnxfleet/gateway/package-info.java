/**
 * The fleet's only public door: {@link io.onnxfleet.gateway.GatewayService} starts it. A request
 * passes {@code observability}, {@code admission} and {@code routing}, which asks {@code balancing}
 * for a replica out of {@code fleet} or has {@code aggregate} answer for all of them.
 */
@NullMarked
package io.onnxfleet.gateway;

import org.jspecify.annotations.NullMarked;
