package io.onnxfleet.benchmarks.load;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.SingleWriterRecorder;
import org.jspecify.annotations.Nullable;

/**
 * How requests ended: the latencies of those that succeeded, the others by what happened. One
 * thread records and another takes; each request is in exactly one of the windows taken.
 */
final class Ends {
  /** An end without a status. */
  enum Broken {
    REFUSED(0, "no connection"),
    RESET(1, "connection reset"),
    TIMEOUT(2, "no answer in time"),
    MALFORMED(3, "not HTTP/1.1");

    private final int place;
    private final String text;

    Broken(int place, String text) {
      this.place = place;
      this.text = text;
    }
  }

  private static final int STATUSES = 600;
  private static final Broken[] BROKEN = Broken.values();

  private final SingleWriterRecorder latencies = new SingleWriterRecorder(3);

  /** By status, and below the lowest status by {@link Broken#place}. They only grow. */
  private final AtomicLongArray failures = new AtomicLongArray(STATUSES);

  private final long[] failuresTaken = new long[STATUSES];
  private final AtomicLong due = new AtomicLong();
  private long dueTaken;
  private final AtomicReference<@Nullable String> firstFailure = new AtomicReference<>();

  void due() {
    due.lazySet(due.getPlain() + 1);
  }

  void succeeded(long nanos) {
    latencies.recordValue(Math.max(0, nanos));
  }

  void failed(int status, String message) {
    failed(status, "status " + status, message);
  }

  void failed(Broken how, String message) {
    failed(how.place, how.text, message);
  }

  private void failed(int place, String how, String message) {
    failures.lazySet(place, failures.getPlain(place) + 1);
    if (firstFailure.getPlain() == null) {
      firstFailure.set(how + (message.isEmpty() ? "" : ": " + message));
    }
  }

  @Nullable String firstFailure() {
    return firstFailure.get();
  }

  /** What ended since the last call, which was {@code nanos} ago. */
  Window take(long nanos) {
    Map<String, Long> failed = new TreeMap<>();
    for (int place = 0; place < STATUSES; place++) {
      long count = failures.get(place);
      if (count > failuresTaken[place]) {
        String how = place < BROKEN.length ? BROKEN[place].text : Integer.toString(place);
        failed.put(how, count - failuresTaken[place]);
        failuresTaken[place] = count;
      }
    }
    long dueBefore = dueTaken;
    dueTaken = due.get();
    return new Window(nanos, latencies.getIntervalHistogram(), failed, dueTaken - dueBefore);
  }
}
