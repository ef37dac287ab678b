package io.onnxfleet.engine.loading.threads;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.loading.threads.ThreadBudget.Split;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ModelSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Runs a model in a split for {@link #LENGTH}, each instance on a thread of its own, over and over
 * on the same input.
 */
public final class SplitTrial implements ThreadBudget.Trial {
  static final Duration LENGTH = Duration.ofMillis(250);

  private final Function<Split, ModelSession> opener;
  private final Consumer<ModelSession> run;
  private final Ticker ticker;

  /**
   * A trial of one model.
   *
   * @param opener opens a session as one of that split's instances
   * @param run runs a session once on its warm-up input
   */
  public SplitTrial(
      Function<Split, ModelSession> opener, Consumer<ModelSession> run, Ticker ticker) {
    this.opener = opener;
    this.run = run;
    this.ticker = ticker;
  }

  @Override
  public double runsPerSecond(Split split) {
    List<ModelSession> sessions = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(
            split.instances(), Thread.ofPlatform().name("split-trial-", 0).daemon().factory())) {
      List<Future<Double>> rates = new ArrayList<>();
      for (int instance = 0; instance < split.instances(); instance++) {
        ModelSession session = opener.apply(split);
        sessions.add(session);
        run.accept(session);
      }
      for (ModelSession session : sessions) {
        rates.add(threads.submit(() -> rate(session)));
      }
      double total = 0;
      for (Future<Double> rate : rates) {
        total += rate.get();
      }
      return total;
    } catch (ExecutionException failure) {
      if (failure.getCause() instanceof InferenceException refused) {
        throw refused;
      }
      throw new IllegalStateException(failure.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InferenceException(ErrorCode.MODEL_LOAD_FAILED, "interrupted");
    } finally {
      sessions.forEach(ModelSession::close);
    }
  }

  private double rate(ModelSession session) {
    long begin = ticker.nanoTime();
    long elapsed = 0;
    int runs = 0;
    while (elapsed < LENGTH.toNanos()) {
      run.accept(session);
      runs++;
      elapsed = ticker.nanoTime() - begin;
    }
    return runs * 1e9 / elapsed;
  }
}
