package io.onnxfleet.inference.protocol.call;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.TimeLeft;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.Ticker;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;

/** Reads the deadline that came with a request. Stateless. */
final class Deadlines {
  private Deadlines() {}

  /** The header's deadline, counted from now, or the default one. */
  static Deadline of(HttpServletRequest request, Duration otherwise, Ticker ticker) {
    String header = request.getHeader(HeaderNames.DEADLINE_MILLIS);
    if (header == null) {
      return Deadline.after(otherwise, ticker);
    }
    try {
      return Deadline.after(TimeLeft.read(header), ticker);
    } catch (IllegalArgumentException malformed) {
      throw InferenceException.invalidInput("%s", malformed.getMessage());
    }
  }
}
