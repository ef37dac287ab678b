package io.onnxfleet.inference.protocol;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.CallerName;
import io.onnxfleet.engine.request.InferenceRequest;
import jakarta.servlet.http.HttpServletRequest;

/** Tells whose request it is. Stateless. */
public final class Callers {
  private Callers() {}

  /** The request in its caller's name, and at the priority that this one may choose. */
  public static InferenceRequest sign(InferenceRequest call, HttpServletRequest request) {
    boolean mayPrioritize =
        !HeaderNames.NO.equalsIgnoreCase(request.getHeader(HeaderNames.MAY_PRIORITIZE));
    return (mayPrioritize ? call : call.atDefaultPriority()).by(of(request));
  }

  /** What the header says, cut to a bounded length, or the address that the request came from. */
  public static String of(HttpServletRequest request) {
    String name = CallerName.read(request.getHeader(HeaderNames.CALLER));
    return name == null ? request.getRemoteAddr() : name;
  }
}
