package io.onnxfleet.engine.repository.config.reading;

import com.google.errorprone.annotations.FormatMethod;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The two ways in which a configuration keeps its model from being served. */
final class ConfigFailure {
  private ConfigFailure() {}

  /** It says something wrong. */
  @FormatMethod
  static InferenceException invalid(String format, @Nullable Object... arguments) {
    return new InferenceException(
        ErrorCode.MODEL_LOAD_FAILED, String.format(Locale.ROOT, format, arguments));
  }

  /** It asks for what this engine does not do. */
  static InferenceException notServed(String model, String feature) {
    return new InferenceException(
        ErrorCode.UNSUPPORTED_FEATURE,
        "model '" + model + "' uses " + feature + ", which is not served");
  }
}
