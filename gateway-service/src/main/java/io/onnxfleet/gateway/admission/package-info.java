/**
 * What is refused before it costs anything: {@link
 * io.onnxfleet.gateway.admission.ConcurrencyLimiter} for the gateway, {@link
 * io.onnxfleet.gateway.admission.ModelAdmission} for each model.
 */
@NullMarked
package io.onnxfleet.gateway.admission;

import org.jspecify.annotations.NullMarked;
