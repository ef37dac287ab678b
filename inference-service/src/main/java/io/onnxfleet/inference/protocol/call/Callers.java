package io.onnxfleet.inference.protocol.call;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.CallerName;
import io.onnxfleet.contract.fleet.Priority;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.PriorityLevels;
import jakarta.servlet.http.HttpServletRequest;
import java.util.function.Supplier;

/** Tells whose request it is. Stateless. */
public final class Callers {
  private Callers() {}

  /** The request in its caller's name, and at the level that it may have. */
  public static InferenceRequest sign(
      InferenceRequest call, InferenceEngine engine, HttpServletRequest request) {
    int level =
        level(
            call.priority(),
            request,
            () -> engine.priorityLevels(call.modelName(), call.modelVersion()));
    return call.at(level).by(of(request));
  }

  /**
   * The level in which a request waits: what the gateway granted, or lower, if the body asks for
   * that. What the body asks for holds alone where no gateway says anything.
   *
   * @param asked a level of the model's, or 0 for none
   * @param levels of the model, asked for only where they matter
   * @return 0 for the model's default, {@link PriorityLevels#BACKGROUND} where the lowest priority
   *     was granted, whatever levels the model has
   * @throws InferenceException if the gateway's header is malformed
   */
  public static int level(int asked, HttpServletRequest request, Supplier<PriorityLevels> levels) {
    String header = request.getHeader(HeaderNames.PRIORITY);
    int granted;
    try {
      granted = header == null ? Priority.DEFAULT : Priority.read(header);
    } catch (IllegalArgumentException malformed) {
      throw InferenceException.invalidInput("%s", malformed.getMessage());
    }
    if (header == null || (granted == Priority.DEFAULT && asked == 0)) {
      return asked;
    }
    if (granted == Priority.LOWEST) {
      return PriorityLevels.BACKGROUND;
    }
    PriorityLevels known = levels.get();
    return Priority.level(granted, asked, known.count(), known.standard());
  }

  /** What the header says, cut to a bounded length, or the address that the request came from. */
  public static String of(HttpServletRequest request) {
    String name = CallerName.read(request.getHeader(HeaderNames.CALLER));
    return name == null ? request.getRemoteAddr() : name;
  }
}
