package io.onnxfleet.engine.runtime;

import java.util.regex.Pattern;

/**
 * A status other than OK that a function of ONNX Runtime returned. Stays inside this package: a
 * session turns it into an {@link io.onnxfleet.engine.error.InferenceException}.
 */
final class OrtFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int INVALID_ARGUMENT = 2;

  /** Where in its sources the runtime was: a file with its line, then the function. */
  private static final Pattern SOURCE_LOCATION =
      Pattern.compile(
          "\\S*/?[\\w.-]+\\.(?:cc|cpp|h|hpp|cu|cuh):\\d+ "
              + "(?:[\\w:<>,~*&\\[\\]= ]*\\((?:[^()]|\\([^()]*\\))*\\)(?: const)?"
              + "(?:::<lambda\\([^()]*\\)>)?(?: \\[[^\\]]*\\])? |\\w+ )?");

  /** A status inside a message: {@code : 1 : FAIL : }. */
  private static final Pattern STATUS = Pattern.compile("(?:: )?\\d+ : [A-Z_]+ : ");

  private static final Pattern STACK_TRACE = Pattern.compile("(?s)\\s*Stacktrace:.*");
  private static final Pattern MODEL_PATH = Pattern.compile("Load model from (?s:.*?) failed: ?");
  private static final Pattern LINE_BREAKS = Pattern.compile("\\s*[\\r\\n]+\\s*");

  private final int status;

  OrtFailure(int status, String message) {
    super(readable(message), null, false, false);
    this.status = status;
  }

  boolean isInvalidArgument() {
    return status == INVALID_ARGUMENT;
  }

  /** Always there, unlike a throwable's message in general. */
  String reason() {
    return String.valueOf(getMessage());
  }

  /**
   * The message without places in the runtime's sources, stack traces and paths of this machine.
   */
  static String readable(String message) {
    String text = STACK_TRACE.matcher(message).replaceAll("");
    text = MODEL_PATH.matcher(text).replaceAll("");
    text = STATUS.matcher(text).replaceAll("");
    text = SOURCE_LOCATION.matcher(text).replaceAll("");
    return LINE_BREAKS.matcher(text.strip()).replaceAll(" ");
  }
}
