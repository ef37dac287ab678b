package io.onnxfleet.gateway.admission;

/**
 * Who asks for a place.
 *
 * @param caller whose share it counts against
 * @param priority 1 is the highest
 */
record Applicant(String caller, int priority) {

  static final int HIGHEST_PRIORITY = 1;
  static final int LOWEST_PRIORITY = 9;
  static final int DEFAULT_PRIORITY = 5;
}
