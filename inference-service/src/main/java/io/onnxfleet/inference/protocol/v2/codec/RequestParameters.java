package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.contract.json.JsonToken;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Set;

/** The request's own {@code parameters}; what is not known here has no effect. */
final class RequestParameters {
  private static final Set<String> KNOWN =
      Set.of(
          "binary_data_output",
          "timeout",
          "priority",
          "sequence_id",
          "sequence_start",
          "sequence_end");

  private boolean binaryOutputs;
  private int priority;
  private long timeoutMicros;

  void read(JsonScanner json) throws IOException {
    if (json.currentToken() != JsonToken.VALUE_NULL) {
      Parameters.forEach(
          json, "the request's parameters", KNOWN::contains, name -> readOne(json, name));
    }
  }

  private void readOne(JsonScanner json, String name) {
    switch (name) {
      case "binary_data_output" -> binaryOutputs = Parameters.bool(json, name);
      case "timeout" -> timeoutMicros = Parameters.nonNegative(json, name);
      case "priority" -> {
        long value = Parameters.nonNegative(json, name);
        if (value > Integer.MAX_VALUE) {
          throw InferenceException.invalidInput(
              "priority: %d (expected: <= %d)", value, Integer.MAX_VALUE);
        }
        priority = (int) value;
      }
      case "sequence_id" -> {
        boolean none =
            json.currentToken() == JsonToken.VALUE_NUMBER_INT && json.string().equals("0");
        if (!none && !json.string().isEmpty()) {
          throw sequences(name);
        }
      }
      case "sequence_start", "sequence_end" -> {
        if (Parameters.bool(json, name)) {
          throw sequences(name);
        }
      }
      default -> throw new AssertionError(name);
    }
  }

  private static InferenceException sequences(String name) {
    return new InferenceException(
        ErrorCode.UNSUPPORTED_FEATURE, "parameter '%s': sequences are not served".formatted(name));
  }

  boolean binaryOutputs() {
    return binaryOutputs;
  }

  /** 0 for the model's default. */
  int priority() {
    return priority;
  }

  /**
   * The deadline of the parameter {@code timeout}.
   *
   * @param acceptedNanos from when on it counts
   */
  Deadline deadline(long acceptedNanos) {
    return timeoutMicros == 0
        ? Deadline.NONE
        : Deadline.after(Duration.of(timeoutMicros, ChronoUnit.MICROS), () -> acceptedNanos);
  }
}
