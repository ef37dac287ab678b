package io.onnxfleet.engine.text.tokenization;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/**
 * The texts of one call while they are tokenized, a piece a turn. Over as soon as nobody waits for
 * the result any more.
 */
public final class TokenizingCall<T> implements TokenizerThreads.Call {
  private final Work<T> work;
  private final BooleanSupplier isWanted;
  private final CompletableFuture<T> result = new CompletableFuture<>();

  /** Something that is done piece by piece. */
  public interface Work<T> {
    /** Does the next piece; false if none is left behind it. */
    boolean advance();

    /** What came of it, once there is nothing left. */
    T finish();
  }

  public TokenizingCall(Work<T> work, BooleanSupplier isWanted) {
    this.work = work;
    this.isWanted = isWanted;
  }

  /** Completes on a tokenizing thread. */
  public CompletableFuture<T> result() {
    return result;
  }

  @Override
  public boolean takeTurn() {
    try {
      if (result.isDone() || !isWanted.getAsBoolean()) {
        result.cancel(false);
        return true;
      }
      if (work.advance()) {
        return false;
      }
      result.complete(work.finish());
    } catch (InferenceException refused) {
      result.completeExceptionally(refused);
    } catch (RuntimeException | Error failure) {
      result.completeExceptionally(
          new InferenceException(
              ErrorCode.EXECUTION_FAILED, "tokenizing failed: " + failure, failure));
    }
    return true;
  }

  @Override
  public void refused() {
    result.completeExceptionally(
        new InferenceException(ErrorCode.SHUTTING_DOWN, "this replica is going away"));
  }
}
