package io.onnxfleet.gateway.admission;

/**
 * What a request for a model would meet now.
 *
 * @param isRefused whether it would be
 * @param nanos what nine of ten answers take at most; 0 while too little is known
 * @param ahead requests of this gateway that are answered before it
 */
public record AdmissionEstimate(boolean isRefused, long nanos, int ahead) {

  static final AdmissionEstimate UNKNOWN = new AdmissionEstimate(false, 0, 0);
}
