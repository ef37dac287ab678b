package io.onnxfleet.engine.loading.child;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.crash.CrashFolder;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Children of one command: as many as are asked at once, which are kept for a while for the next
 * questions. A child is replaced after some hundred questions. Thread-safe.
 */
public final class ChildProcesses implements AutoCloseable {
  private static final Duration KEPT_FOR = Duration.ofSeconds(10);
  private static final Executor LATER =
      CompletableFuture.delayedExecutor(KEPT_FOR.toMillis(), TimeUnit.MILLISECONDS, Runnable::run);

  private final List<String> command;
  private final CrashFolder reports;
  private final String kind;
  private final int mostQuestions;

  @GuardedBy("this")
  private final ArrayDeque<ChildProcess> idle = new ArrayDeque<>();

  @GuardedBy("this")
  private long uses;

  @GuardedBy("this")
  private boolean closed;

  /**
   * Children that are started when they are first needed.
   *
   * @param mostQuestions that one child answers, at least 1
   * @param reports where its JVM leaves a crash report, named after {@code kind}
   */
  public ChildProcesses(List<String> command, int mostQuestions, CrashFolder reports, String kind) {
    this.command = List.copyOf(command);
    this.reports = reports;
    this.kind = kind;
    this.mostQuestions = mostQuestions;
  }

  /**
   * Asks a child, and waits.
   *
   * @throws IOException if none can be started
   */
  public Outcome ask(String line, TimeLimit limit) throws IOException, InterruptedException {
    ChildProcess child = take();
    Outcome outcome = child.ask(line, limit, reports, kind);
    if (outcome instanceof Outcome.Answer) {
      giveBack(child);
    }
    return outcome;
  }

  private ChildProcess take() throws IOException {
    synchronized (this) {
      uses++;
      while (!idle.isEmpty()) {
        ChildProcess child = idle.pop();
        if (child.isAlive()) {
          return child;
        }
      }
    }
    return new ChildProcess(command);
  }

  private synchronized void giveBack(ChildProcess child) {
    if (closed || child.asked() >= mostQuestions) {
      child.close();
      return;
    }
    idle.push(child);
    long now = uses;
    LATER.execute(() -> closeUnlessUsed(now));
  }

  private synchronized void closeUnlessUsed(long then) {
    if (uses == then) {
      closeIdle();
    }
  }

  @GuardedBy("this")
  private void closeIdle() {
    idle.forEach(ChildProcess::close);
    idle.clear();
  }

  /** Ends those that are idle; what is being asked ends with its question. */
  @Override
  public synchronized void close() {
    closed = true;
    closeIdle();
  }
}
