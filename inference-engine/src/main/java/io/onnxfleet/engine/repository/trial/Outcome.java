package io.onnxfleet.engine.repository.trial;

import java.time.Duration;

/** What came of a question to a child. */
public sealed interface Outcome {
  /** It answered. */
  record Answer(String line) implements Outcome {}

  /** It did not answer in time, and was ended. */
  record TimedOut(Duration timeout) implements Outcome {}

  /** It ended without an answer, as a crash in native code does. */
  record Died(int exitCode) implements Outcome {}
}
