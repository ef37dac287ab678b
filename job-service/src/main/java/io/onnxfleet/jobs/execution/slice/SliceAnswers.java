package io.onnxfleet.jobs.execution.slice;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.jobs.batch.SliceResult;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.observability.EndCounters;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.store.ObjectWriter;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The answers of a slice while they come, in any order: each goes to a scratch file at once, so
 * that memory holds none. At the end they become objects, in line order. Thread-safe.
 */
final class SliceAnswers implements Closeable {
  private final ObjectStore store;
  private final FileChannel scratch;
  private final long[] places;
  private final int[] lengths;
  private final boolean[] areErrors;

  @GuardedBy("this")
  private final Map<String, Integer> outcomes = new HashMap<>();

  @GuardedBy("this")
  private long end;

  @GuardedBy("this")
  private long tokens;

  SliceAnswers(ObjectStore store, int lines) throws IOException {
    this.store = store;
    this.scratch = store.scratch();
    this.places = new long[lines];
    this.lengths = new int[lines];
    this.areErrors = new boolean[lines];
  }

  /**
   * Takes what came of a line.
   *
   * @param outcome as {@link EndCounters} counts it
   * @throws JobException if there is no room for it
   */
  synchronized void put(int line, byte[] record, String outcome, long tokensOfIt) {
    if (lengths[line] > 0) {
      throw new IllegalStateException("line " + line + ": a second answer");
    }
    ByteBuffer left = ByteBuffer.wrap(record);
    try {
      while (left.hasRemaining()) {
        scratch.write(left, end + left.position());
      }
    } catch (IOException failed) {
      throw ObjectStore.unwritten(failed);
    }
    places[line] = end;
    lengths[line] = record.length;
    areErrors[line] = !outcome.equals(EndCounters.ANSWERED);
    outcomes.merge(outcome, 1, Integer::sum);
    end += record.length;
    tokens += tokensOfIt;
  }

  /**
   * Makes objects of them, both or none. Every line must have come.
   *
   * @throws JobException if there is no room for them
   */
  synchronized SliceResult keep() throws IOException {
    int failed = 0;
    for (int line = 0; line < lengths.length; line++) {
      if (lengths[line] == 0) {
        throw new IllegalStateException("line " + line + " of the slice has no answer");
      }
      failed += areErrors[line] ? 1 : 0;
    }
    SliceResult.Written output = write(false, lengths.length - failed);
    boolean isWhole = false;
    try {
      SliceResult.Written errors = write(true, failed);
      isWhole = true;
      return new SliceResult(output, errors, lengths.length - failed, failed, tokens);
    } finally {
      if (output != null && !isWhole) {
        store.delete(output.object());
      }
    }
  }

  /** How many lines had which outcome. */
  synchronized Map<String, Integer> outcomes() {
    return Map.copyOf(outcomes);
  }

  @GuardedBy("this")
  private SliceResult.@Nullable Written write(boolean isError, int count) throws IOException {
    if (count == 0) {
      return null;
    }
    try (ObjectWriter object = store.create()) {
      for (int line = 0; line < lengths.length; line++) {
        if (areErrors[line] == isError) {
          object.append(scratch, places[line], lengths[line]);
        }
      }
      return new SliceResult.Written(object.keep(), object.size());
    }
  }

  @Override
  public void close() throws IOException {
    scratch.close();
  }
}
