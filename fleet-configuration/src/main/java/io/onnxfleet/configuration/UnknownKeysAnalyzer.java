package io.onnxfleet.configuration;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Shows unknown keys as a few lines instead of a stack trace. */
final class UnknownKeysAnalyzer extends AbstractFailureAnalyzer<UnknownKeysException> {
  @Override
  protected FailureAnalysis analyze(Throwable root, UnknownKeysException cause) {
    return new FailureAnalysis(
        String.valueOf(cause.getMessage()), "Correct or remove the keys.", cause);
  }
}
