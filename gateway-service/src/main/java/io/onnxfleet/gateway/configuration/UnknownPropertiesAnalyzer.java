package io.onnxfleet.gateway.configuration;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Shows unknown keys as a few lines instead of a stack trace. */
final class UnknownPropertiesAnalyzer extends AbstractFailureAnalyzer<UnknownPropertiesException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, UnknownPropertiesException cause) {
    return new FailureAnalysis(
        String.valueOf(cause.getMessage()), "Correct or remove the keys.", cause);
  }
}
