package io.onnxfleet.engine.repository.trial;

import io.onnxfleet.engine.runtime.ThreadPriorities;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A child that is asked one line at a time. For one thread; to be closed. */
final class ChildProcess implements AutoCloseable {
  private final Process process;
  private final Writer questions;
  private final BufferedReader answers;
  private int asked;

  ChildProcess(List<String> command) throws IOException {
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    ThreadPriorities.lower(process);
    questions = process.outputWriter(StandardCharsets.UTF_8);
    answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /** How often it was asked. */
  int asked() {
    return asked;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Asks and waits for the answer; unless that is an {@link Outcome.Answer} the child is gone. */
  Outcome ask(String line, Duration timeout) throws InterruptedException {
    asked++;
    CompletableFuture<String> answer = new CompletableFuture<>();
    Thread.ofVirtual().start(() -> complete(answer, line));
    try {
      return new Outcome.Answer(answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException late) {
      close();
      return new Outcome.TimedOut(timeout);
    } catch (ExecutionException gone) {
      close();
      return new Outcome.Died(process.waitFor());
    } catch (InterruptedException interrupted) {
      close();
      throw interrupted;
    }
  }

  private void complete(CompletableFuture<String> answer, String line) {
    try {
      questions.write(line);
      questions.write('\n');
      questions.flush();
      answer.complete(Objects.requireNonNull(answers.readLine()));
    } catch (IOException | UncheckedIOException | NullPointerException gone) {
      answer.completeExceptionally(gone);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
