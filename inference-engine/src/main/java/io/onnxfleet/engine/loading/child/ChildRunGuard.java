package io.onnxfleet.engine.loading.child;

import io.onnxfleet.engine.crash.CrashReport;
import io.onnxfleet.engine.crash.FirstRunGuard;
import io.onnxfleet.engine.crash.FirstRuns;
import io.onnxfleet.engine.crash.RunMarks.Mark;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.notes.Evidence;
import io.onnxfleet.engine.notes.Quarantine;
import io.onnxfleet.engine.tensor.NamedTensor;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the inputs of a model that never ran run in a process of its own first: made-up data did not
 * fit it, so that callers' data are the first that native code sees.
 *
 * <ul>
 *   <li>What ends that process ends no replica: the request fails, and the version is quarantined
 *       if the process left a crash report, or the second time.
 *   <li>A request waits {@link #LONGEST_DELAY} at most, and is then refused for now. After {@value
 *       #MOST_DELAYS} of these the run happens here, under its mark.
 *   <li>Inputs above {@value #MOST_BYTES} bytes run here, under their mark.
 * </ul>
 *
 * <p>Thread-safe.
 */
final class ChildRunGuard implements FirstRunGuard {
  static final Duration LONGEST_DELAY = Duration.ofSeconds(10);
  static final int MOST_DELAYS = 3;
  static final long MOST_BYTES = 16 << 20;

  private static final Logger log = LoggerFactory.getLogger(ChildRunGuard.class);
  private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

  private final ChildProcesses children;
  private final Function<ModelTrial.Run, ModelTrial.Question> question;
  private final Evidence evidence;
  private final AtomicInteger delays = new AtomicInteger();

  /**
   * A guard of one version.
   *
   * @param question what a child is asked to run
   */
  ChildRunGuard(
      ChildProcesses children,
      Function<ModelTrial.Run, ModelTrial.Question> question,
      Evidence evidence) {
    this.children = children;
    this.question = question;
    this.evidence = evidence;
  }

  @Override
  public void check(FirstRuns runs, Mark run, List<NamedTensor> inputs, List<String> outputs) {
    long bytes = inputs.stream().mapToLong(input -> input.tensor().data().remaining()).sum();
    if (bytes > MOST_BYTES || delays.get() >= MOST_DELAYS) {
      return;
    }
    Outcome outcome;
    try {
      outcome =
          children.ask(
              question.apply(ModelTrial.Run.of(inputs, outputs)).toJson(),
              new TimeLimit(LONGEST_DELAY, LONGEST_DELAY));
    } catch (IOException noChild) {
      log.warn("{} runs callers' data for the first time, unchecked", runs.id(), noChild);
      return;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InferenceException(ErrorCode.CANCELLED, "interrupted in the model's first run");
    }
    switch (outcome) {
      case Outcome.Answer answer -> judge(ModelTrial.Answer.of(answer.line()));
      case Outcome.TimedOut late -> throw notYet(runs, late);
      case Outcome.Died died -> throw ended(runs, run, died);
    }
  }

  /** A refusal is the model's own, and is better heard from the session that serves. */
  private static void judge(ModelTrial.Answer answer) {
    if (ErrorCode.MEMORY_EXHAUSTED.name().equals(answer.code())) {
      throw new InferenceException(
          ErrorCode.MEMORY_EXHAUSTED,
          "in a process of its own, which the first run has to pass: " + answer.refusal());
    }
  }

  private InferenceException notYet(FirstRuns runs, Outcome.TimedOut late) {
    int count = delays.incrementAndGet();
    log.warn("{}: its first run, in a process of its own, {}", runs.id(), late.describe());
    return InferenceException.retryable(
        ErrorCode.MODEL_NOT_READY,
        "the model never ran before, and its first run, in a process of its own, %s; %d of %d such delays"
            .formatted(late.describe(), count, MOST_DELAYS),
        RETRY_AFTER);
  }

  private InferenceException ended(FirstRuns runs, Mark run, Outcome.Died died) {
    String what = "%s, in its first run of %s".formatted(died.describe(), run.description());
    CrashReport report = died.report();
    if (report != null && report.isInOnnxRuntime()) {
      evidence.quarantine(runs, what);
    } else if (evidence.quarantine().died(run, died.describe())) {
      evidence.quarantine(
          runs,
          evidence.quarantine().find(runs.content()).map(Quarantine.Entry::reason).orElse(what));
    }
    return new InferenceException(
        ErrorCode.EXECUTION_FAILED, "the model ended the process that ran it first: " + what);
  }
}
