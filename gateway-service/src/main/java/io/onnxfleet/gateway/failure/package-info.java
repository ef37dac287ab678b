/**
 * The gateway's own refusals: {@link io.onnxfleet.gateway.failure.GatewayException} carries an
 * {@link io.onnxfleet.contract.api.ErrorCode}.
 */
@NullMarked
package io.onnxfleet.gateway.failure;

import org.jspecify.annotations.NullMarked;
