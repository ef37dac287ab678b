/**
 * What is refused before it costs anything: {@link io.onnxfleet.gateway.admission.AdmissionFilter}.
 */
@NullMarked
package io.onnxfleet.gateway.admission;

import org.jspecify.annotations.NullMarked;
