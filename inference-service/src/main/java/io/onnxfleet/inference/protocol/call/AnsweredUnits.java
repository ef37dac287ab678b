package io.onnxfleet.inference.protocol.call;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.tensor.Shape;
import jakarta.servlet.http.HttpServletResponse;

/**
 * Tells with an answer what it took, in rows and tokens: the gateway charges callers for it. Lives
 * for one request.
 */
public final class AnsweredUnits {
  private final InferenceEngine engine;
  private final String model;
  private final long leading;

  private AnsweredUnits(InferenceEngine engine, String model, long leading) {
    this.engine = engine;
    this.model = model;
    this.leading = leading;
  }

  /** Before the request is begun, which gives its tensors away. */
  public static AnsweredUnits of(InferenceEngine engine, InferenceRequest request) {
    Shape shape = request.inputs().isEmpty() ? null : request.inputs().getFirst().tensor().shape();
    return new AnsweredUnits(
        engine, request.modelName(), shape == null || shape.rank() == 0 ? 1 : shape.dim(0));
  }

  /**
   * Before the answer begins.
   *
   * @param version that answered
   */
  public void tell(HttpServletResponse response, long version) {
    tell(response, new InferenceUnits(hasRows(version) ? leading : 1, 0));
  }

  private boolean hasRows(long version) {
    try {
      return engine.hasRows(model, version);
    } catch (InferenceException unloaded) {
      return true;
    }
  }

  /** The same of units that are known. */
  public static void tell(HttpServletResponse response, InferenceUnits units) {
    response.setHeader(HeaderNames.UNITS, units.asText());
  }
}
