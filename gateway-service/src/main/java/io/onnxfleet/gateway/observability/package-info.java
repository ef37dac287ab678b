/**
 * The gateway's metrics: {@link io.onnxfleet.gateway.observability.GatewayMetrics} counts requests
 * and tries.
 */
@NullMarked
package io.onnxfleet.gateway.observability;

import org.jspecify.annotations.NullMarked;
