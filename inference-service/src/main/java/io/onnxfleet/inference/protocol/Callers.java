package io.onnxfleet.inference.protocol;

import io.onnxfleet.engine.request.InferenceRequest;
import jakarta.servlet.http.HttpServletRequest;

/** Tells whose request it is. Stateless. */
public final class Callers {
  private static final int LONGEST = 128;

  private Callers() {}

  /** The request in its caller's name, and at the priority that this one may choose. */
  public static InferenceRequest sign(InferenceRequest call, HttpServletRequest request) {
    boolean mayPrioritize =
        !FleetHeaders.NO.equalsIgnoreCase(request.getHeader(FleetHeaders.MAY_PRIORITIZE));
    return (mayPrioritize ? call : call.atDefaultPriority()).by(of(request));
  }

  /** What the header says, cut to a bounded length, or the address that the request came from. */
  public static String of(HttpServletRequest request) {
    String header = request.getHeader(FleetHeaders.CALLER);
    if (header == null || header.isBlank()) {
      return request.getRemoteAddr();
    }
    return header.length() > LONGEST ? header.substring(0, LONGEST) : header;
  }
}
