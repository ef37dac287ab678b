package io.onnxfleet.inference.configuration;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Tells of an unknown key without a stack trace. */
final class UnknownKeyAnalyzer extends AbstractFailureAnalyzer<UnknownKeyException> {
  @Override
  protected FailureAnalysis analyze(Throwable root, UnknownKeyException cause) {
    return new FailureAnalysis(
        String.valueOf(cause.getMessage()), "Correct the key or remove it.", cause);
  }
}
