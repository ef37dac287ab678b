package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.text.pooling.Pooling;
import io.onnxfleet.engine.text.tokenization.TextWindow;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One call of a {@link TextRunner} under way: keeps rows in flight until every window has answered,
 * the first has failed, or the caller has cancelled. What is made of the answers is a {@link
 * TextTask.Reduction}'s.
 *
 * <p>INVARIANT: at most {@link #MAX_IN_FLIGHT} rows are in flight, so that a long text neither
 * fills the model's queue nor the tensors' memory by itself. Longest first: rows that are
 * neighbours in the queue are of a length and need little padding. Those of one text stay together,
 * so that few texts are half answered at a time. Those of {@link TextTask#leading} texts go before
 * all others.
 *
 * <p>Answers are reduced on the threads that complete them.
 */
final class TextCall<T> {
  static final int MAX_IN_FLIGHT = 256;

  private final List<TokenizedTexts.Text> texts;
  private final String task;
  private final TextTask.Reduction<T> reduction;
  private final TextRows rows;
  private final InferencePort port;
  private final Deadline deadline;

  private final List<Row> waiting;

  /** Rows at the start of {@link #waiting} that are answered before others are sent. */
  private final int leading;

  private final AtomicInteger leadingUnanswered;
  private final AtomicInteger unanswered;
  private final AtomicInteger inFlightCount = new AtomicInteger();
  private final ConcurrentMap<Row, CompletableFuture<InferenceResponse>> inFlight =
      new ConcurrentHashMap<>();
  private final CompletableFuture<T> result = new CompletableFuture<>();

  /** Above 0 while a thread submits; that thread goes round again for each increment it missed. */
  private final AtomicInteger submitting = new AtomicInteger();

  /** The next row to submit; only touched by the thread that submits. */
  private int next;

  /** Rows that found the queue full. */
  private final Queue<Row> returned = new ConcurrentLinkedQueue<>();

  /** Rows that the queue is known to take; only falls. */
  private volatile int maxInFlight;

  /**
   * A call that has not started.
   *
   * @param task that is done
   * @param reduction to which nothing was added
   */
  TextCall(
      TokenizedTexts texts,
      TextTask<T> task,
      TextTask.Reduction<T> reduction,
      TextRows rows,
      InferencePort port,
      Deadline deadline) {
    this.texts = texts.texts();
    this.task = task.name();
    this.maxInFlight = task.mostInFlight();
    this.reduction = reduction;
    this.rows = rows;
    this.port = port;
    this.deadline = deadline;
    waiting = new ArrayList<>();
    for (int text = 0; text < this.texts.size(); text++) {
      for (TextWindow window : this.texts.get(text).windows()) {
        waiting.add(new Row(text, window));
      }
    }
    // A text's first window is its longest, and the sorting is stable.
    Comparator<Row> longestFirst =
        Comparator.comparingInt(
                (Row row) -> this.texts.get(row.text()).windows().getFirst().length())
            .reversed();
    waiting.sort(
        Comparator.comparing((Row row) -> row.text() >= task.leading())
            .thenComparing(longestFirst));
    leading = (int) waiting.stream().filter(row -> row.text() < task.leading()).count();
    leadingUnanswered = new AtomicInteger(leading);
    unanswered = new AtomicInteger(waiting.size());
  }

  CompletableFuture<T> start() {
    var _ =
        result.whenComplete(
            (_, failure) -> {
              if (failure != null) {
                inFlight.values().forEach(answer -> answer.cancel(true));
              }
            });
    if (waiting.isEmpty()) {
      complete();
    }
    submitMore();
    return result;
  }

  /**
   * Submits what may be in flight; called by whoever made room. Answers may come on this thread.
   */
  private void submitMore() {
    if (submitting.getAndIncrement() != 0) {
      return;
    }
    int missed = 1;
    do {
      while (inFlightCount.get() < maxInFlight && !result.isDone()) {
        Row row = returned.poll();
        if (row == null && next < (leadingUnanswered.get() == 0 ? waiting.size() : leading)) {
          row = waiting.get(next++);
        }
        if (row == null) {
          break;
        }
        submit(row);
      }
      missed = submitting.addAndGet(-missed);
    } while (missed != 0);
  }

  private void submit(Row row) {
    CompletableFuture<InferenceResponse> answer;
    try {
      InferenceRequest request = rows.request(texts.get(row.text()), row.window(), deadline);
      answer = port.infer(request);
    } catch (RuntimeException | Error failure) {
      fail(failure);
      return;
    }
    inFlightCount.incrementAndGet();
    inFlight.put(row, answer);
    var _ =
        answer.whenComplete(
            (response, failure) -> {
              inFlight.remove(row);
              accept(row, response, failure);
              inFlightCount.decrementAndGet();
              submitMore();
            });
    // The call may have ended after it was looked at and before this row was seen in flight.
    if (result.isCompletedExceptionally()) {
      answer.cancel(true);
    }
  }

  private void accept(Row row, @Nullable InferenceResponse response, @Nullable Throwable failure) {
    if (response == null && isQueueFull(failure) && inFlightCount.get() > 1) {
      maxInFlight = Math.max(1, inFlightCount.get() - 1);
      returned.add(row);
      return;
    }
    if (response == null) {
      fail(failure == null ? new IllegalStateException("no response") : failure);
      return;
    }
    try {
      reduce(row, response);
    } catch (RuntimeException | Error defect) {
      fail(defect);
      return;
    }
    if (leadingUnanswered.get() > 0) {
      leadingUnanswered.decrementAndGet();
    }
    if (unanswered.decrementAndGet() == 0) {
      complete();
    }
  }

  /** Closes the response, so that no memory is held when the caller learns of the result. */
  private void reduce(Row row, InferenceResponse response) {
    try (response) {
      TextWindow window = row.window();
      TokenizedTexts.Text text = texts.get(row.text());
      int promptTokens = window.from() == 0 ? text.promptTokens() : 0;
      int padding = rows.paddingBefore(text, window);
      Pooling.Span tokens = Pooling.Span.of(padding, rows.lengthOf(text, window), promptTokens);
      reduction.add(
          new AnsweredRow(
              row.text(),
              tokens,
              padding + text.frame().prefix().length,
              window,
              response.outputs().getFirst().tensor()));
    }
  }

  private void complete() {
    try {
      result.complete(reduction.finish());
    } catch (RuntimeException | Error defect) {
      fail(defect);
    }
  }

  private static boolean isQueueFull(@Nullable Throwable failure) {
    return failure != null
        && causeOf(failure) instanceof InferenceException reason
        && reason.code() == ErrorCode.QUEUE_FULL;
  }

  private static Throwable causeOf(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  private void fail(Throwable failure) {
    Throwable cause = causeOf(failure);
    InferenceException reason =
        switch (cause) {
          case InferenceException known -> known;
          case CancellationException cancelled ->
              new InferenceException(ErrorCode.CANCELLED, "the request was cancelled", cancelled);
          default ->
              new InferenceException(
                  ErrorCode.EXECUTION_FAILED, task + " failed: " + cause.getMessage(), cause);
        };
    result.completeExceptionally(reason);
  }

  /** One window of one text, which is a row of the model. */
  private record Row(int text, TextWindow window) {}
}
