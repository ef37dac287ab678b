package io.onnxfleet.gateway.admission;

/**
 * Who asks for a place.
 *
 * @param caller whose share it counts against
 * @param priority 1 is the highest
 * @param deadlineNanos the time after which the answer is of no use
 */
record Applicant(String caller, int priority, long deadlineNanos) {}
