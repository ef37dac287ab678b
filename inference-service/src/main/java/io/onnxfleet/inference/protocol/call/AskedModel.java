package io.onnxfleet.inference.protocol.call;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Who answers a call whose model stands in its body.
 *
 * @param version null for the highest READY one
 */
public record AskedModel(String name, @Nullable Long version) {

  /**
   * The variant that the gateway chose, else the model that the body names, else the default.
   *
   * @param named by the body, or null
   * @throws InferenceException with {@link ErrorCode#MODEL_NOT_FOUND} if no version can be called
   *     as the gateway calls it
   */
  public static AskedModel of(
      HttpServletRequest http, @Nullable String named, String defaultModel) {
    String chosen = http.getHeader(HeaderNames.VARIANT);
    if (chosen == null) {
      return new AskedModel(Objects.requireNonNullElse(named, defaultModel), null);
    }
    String version = http.getHeader(HeaderNames.VARIANT_VERSION);
    String model =
        version != null && chosen.endsWith(":" + version)
            ? chosen.substring(0, chosen.length() - version.length() - 1)
            : chosen;
    return new AskedModel(model, ModelVersions.parse(model, version));
  }
}
