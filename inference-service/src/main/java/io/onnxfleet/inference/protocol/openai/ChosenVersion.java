package io.onnxfleet.inference.protocol.openai;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.inference.protocol.call.ModelVersions;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/** The version that the gateway chose. Stateless. */
final class ChosenVersion {
  private ChosenVersion() {}

  /** Its number, or null for the highest READY one. */
  static @Nullable Long of(HttpServletRequest request, String model) {
    return ModelVersions.parse(model, request.getHeader(HeaderNames.VARIANT_VERSION));
  }
}
