/**
 * Request ids, the access log and metrics: {@link
 * io.onnxfleet.gateway.observability.RequestTraceFilter}, {@link
 * io.onnxfleet.gateway.observability.GatewayMetrics}.
 */
@NullMarked
package io.onnxfleet.gateway.observability;

import org.jspecify.annotations.NullMarked;
