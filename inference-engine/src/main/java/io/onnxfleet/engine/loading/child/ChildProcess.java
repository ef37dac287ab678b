package io.onnxfleet.engine.loading.child;

import io.onnxfleet.engine.crash.CrashFolder;
import io.onnxfleet.engine.runtime.ThreadPriorities;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A child that is asked one line at a time. For one thread; to be closed. */
final class ChildProcess implements AutoCloseable {
  /** How often it is looked at how much CPU time it has used. */
  private static final Duration LOOK = Duration.ofMillis(100);

  /** How long a child that crashed may write down what happened. */
  private static final Duration REPORT_TIME = Duration.ofSeconds(20);

  private final Process process;
  private final Instant started = Instant.now();
  private final Writer questions;
  private final BufferedReader answers;
  private final LastWords lastWords;
  private int asked;

  ChildProcess(List<String> command) throws IOException {
    process = new ProcessBuilder(command).start();
    ThreadPriorities.lower(process);
    questions = process.outputWriter(StandardCharsets.UTF_8);
    answers = process.inputReader(StandardCharsets.UTF_8);
    lastWords = LastWords.of(process.errorReader(StandardCharsets.UTF_8));
  }

  /** How often it was asked. */
  int asked() {
    return asked;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /**
   * Asks and waits for the answer; unless that is an {@link Outcome.Answer} the child is gone.
   *
   * @param reports where its JVM leaves a crash report
   * @param kind as it was told to name that
   */
  Outcome ask(String line, TimeLimit limit, CrashFolder reports, String kind)
      throws InterruptedException {
    asked++;
    CompletableFuture<String> answer = new CompletableFuture<>();
    long begin = System.nanoTime();
    Duration usedBefore = cpuTime();
    Thread.ofVirtual().start(() -> complete(answer, line));
    try {
      while (true) {
        try {
          return new Outcome.Answer(answer.get(LOOK.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException notYet) {
          Duration used = cpuTime().minus(usedBefore);
          if (used.compareTo(limit.cpu()) > 0
              || System.nanoTime() - begin > limit.wall().toNanos()) {
            close();
            return new Outcome.TimedOut(limit, used);
          }
        }
      }
    } catch (ExecutionException gone) {
      return died(reports, kind);
    } catch (InterruptedException interrupted) {
      close();
      throw interrupted;
    }
  }

  /** It may still be writing its report. */
  private Outcome died(CrashFolder reports, String kind) throws InterruptedException {
    boolean _ = process.waitFor(REPORT_TIME.toSeconds(), TimeUnit.SECONDS);
    // Before what is still to be read is closed.
    String words = lastWords.await();
    close();
    int exitCode = process.waitFor();
    Outcome.Died died =
        new Outcome.Died(
            exitCode, words, reports.reportOf(kind, process.pid(), started).orElse(null));
    reports.sweep();
    return died;
  }

  /** Nothing where the system does not tell: then only the clock counts. */
  private Duration cpuTime() {
    return process.toHandle().info().totalCpuDuration().orElse(Duration.ZERO);
  }

  private void complete(CompletableFuture<String> answer, String line) {
    try {
      questions.write(line);
      questions.write('\n');
      questions.flush();
      String said = Objects.requireNonNull(answers.readLine());
      while (!said.startsWith(ChildLoop.ANSWER)) {
        lastWords.add(said);
        said = Objects.requireNonNull(answers.readLine());
      }
      answer.complete(said.substring(ChildLoop.ANSWER.length()));
    } catch (IOException | UncheckedIOException | NullPointerException gone) {
      answer.completeExceptionally(gone);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
