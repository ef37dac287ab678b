package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.fleet.ModelReference;

/** The fleet knows the model, and it is ready nowhere; why remains to be found out. */
public final class UnreadyModelException extends RuntimeException {

  private final transient ModelReference model;

  UnreadyModelException(ModelReference model) {
    super("model '" + model + "' is not ready on any replica", null, false, false);
    this.model = model;
  }

  /** Which one. */
  public ModelReference model() {
    return model;
  }
}
