package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.Tensor;
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
 * One call of a {@link TextEmbedder} under way: keeps rows in flight until every window has
 * answered, the first has failed, or the caller has cancelled.
 *
 * <p>INVARIANT: at most {@link #MAX_IN_FLIGHT} rows are in flight, so that a long text neither
 * fills the model's queue nor the tensors' memory by itself. Longest first: rows that are
 * neighbours in the queue are of a length and need little padding.
 *
 * <p>Answers are pooled on the threads that complete them.
 */
final class EmbeddingCall {
  static final int MAX_IN_FLIGHT = 256;

  private final List<TokenizedText> texts;
  private final long totalTokens;
  private final Finish finish;
  private final TextRows rows;
  private final InferencePort port;
  private final Deadline deadline;

  private final List<Row> waiting;
  private final List<TextVector> vectors;
  private final AtomicInteger unanswered;
  private final AtomicInteger inFlightCount = new AtomicInteger();
  private final ConcurrentMap<Row, CompletableFuture<InferenceResponse>> inFlight =
      new ConcurrentHashMap<>();
  private final CompletableFuture<Embeddings> result = new CompletableFuture<>();

  /** Above 0 while a thread submits; that thread goes round again for each increment it missed. */
  private final AtomicInteger submitting = new AtomicInteger();

  /** The next row to submit; only touched by the thread that submits. */
  private int next;

  /** Rows that found the queue full. */
  private final Queue<Row> returned = new ConcurrentLinkedQueue<>();

  /** Rows that the queue is known to take; only falls. */
  private volatile int maxInFlight = MAX_IN_FLIGHT;

  /**
   * A text as it is sent.
   *
   * @param tokens without special ones
   * @param promptTokens at the start of its first row that the pooling leaves out
   */
  @SuppressWarnings("ArrayRecordComponent") // inside this package and never written
  record TokenizedText(long[] tokens, List<TextWindow> windows, int promptTokens) {}

  /** What is made of the model's answers. */
  record Finish(Pooling pooling, List<DenseLayer> layers, boolean normalized) {}

  /**
   * A call that has not started.
   *
   * @param totalTokens to be told in the answer
   */
  EmbeddingCall(
      List<TokenizedText> texts,
      long totalTokens,
      Finish finish,
      TextRows rows,
      InferencePort port,
      Deadline deadline) {
    this.texts = texts;
    this.totalTokens = totalTokens;
    this.finish = finish;
    this.rows = rows;
    this.port = port;
    this.deadline = deadline;
    waiting = new ArrayList<>();
    vectors = new ArrayList<>(texts.size());
    for (int text = 0; text < texts.size(); text++) {
      vectors.add(new TextVector());
      for (TextWindow window : texts.get(text).windows()) {
        waiting.add(new Row(text, window));
      }
    }
    waiting.sort(Comparator.comparingInt((Row row) -> row.window().length()).reversed());
    unanswered = new AtomicInteger(waiting.size());
  }

  CompletableFuture<Embeddings> start() {
    var _ =
        result.whenComplete(
            (embeddings, failure) -> {
              if (failure != null) {
                inFlight.values().forEach(answer -> answer.cancel(true));
              }
            });
    if (waiting.isEmpty()) {
      result.complete(new Embeddings(List.of(), totalTokens, List.of(), finish.normalized()));
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
        if (row == null && next < waiting.size()) {
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
      InferenceRequest request =
          rows.request(texts.get(row.text()).tokens(), row.window(), deadline);
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
      float[] vector = vectorOf(row, response);
      vectors.get(row.text()).add(vector, Math.max(1, row.window().newTokens()));
      if (unanswered.decrementAndGet() == 0) {
        complete();
      }
    } catch (RuntimeException | Error defect) {
      fail(defect);
    }
  }

  /** Closes the response, so that no memory is held when the caller learns of the result. */
  private float[] vectorOf(Row row, InferenceResponse response) {
    try (response) {
      Tensor output = response.outputs().getFirst().tensor();
      int promptTokens = row.window().from() == 0 ? texts.get(row.text()).promptTokens() : 0;
      return finish
          .pooling()
          .vectorOf(
              output,
              Pooling.Span.of(
                  rows.paddingBefore(row.window()), rows.lengthOf(row.window()), promptTokens));
    }
  }

  private void complete() {
    List<float[]> finished = new ArrayList<>(vectors.size());
    for (TextVector vector : vectors) {
      finished.add(vector.finished(finish.layers(), finish.normalized()));
    }
    result.complete(
        new Embeddings(
            finished,
            totalTokens,
            texts.stream().map(text -> text.windows().size()).toList(),
            finish.normalized()));
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
                  ErrorCode.EXECUTION_FAILED, "embedding failed: " + cause.getMessage(), cause);
        };
    result.completeExceptionally(reason);
  }

  /** One window of one text, which is a row of the model. */
  private record Row(int text, TextWindow window) {}
}
