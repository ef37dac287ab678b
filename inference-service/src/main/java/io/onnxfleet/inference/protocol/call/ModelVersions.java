package io.onnxfleet.inference.protocol.call;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import org.jspecify.annotations.Nullable;

/** Reads the version that a path or a header names. */
public final class ModelVersions {
  private ModelVersions() {}

  /**
   * The version, or null if none is named.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_NOT_FOUND} if no version can be called
   *     so
   */
  public static @Nullable Long parse(String model, @Nullable String version) {
    if (version == null) {
      return null;
    }
    try {
      return Long.parseLong(version);
    } catch (NumberFormatException notANumber) {
      throw new InferenceException(
          ErrorCode.MODEL_NOT_FOUND,
          "model '%s' has no version '%s' (expected a positive integer)".formatted(model, version));
    }
  }
}
