package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.aggregate.FleetQuestion;
import io.onnxfleet.gateway.fleet.ModelReference;

/** What a request's method and path ask for. {@link ApiPaths} reads it. */
sealed interface ApiCall {

  /** Goes to one replica that has the model READY. */
  record ModelCall(ModelReference model) implements ApiCall {}

  /** {@code POST /v1/embeddings}: goes to one replica too, but the model stands in the body. */
  record EmbeddingsCall() implements ApiCall {}

  /**
   * {@code GET /v1/embeddings}: the same, asked by query parameters, so that proxies may keep it.
   */
  record EmbeddingsQuery() implements ApiCall {}

  /** Is answered by the gateway. */
  record FleetCall(FleetQuestion question) implements ApiCall {}

  /**
   * The path exists for another method only.
   *
   * @param allowed the method that it exists for
   */
  record WrongMethod(String allowed) implements ApiCall {}

  record UnknownPath() implements ApiCall {}
}
