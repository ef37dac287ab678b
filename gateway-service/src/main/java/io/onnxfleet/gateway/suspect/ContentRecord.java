package io.onnxfleet.gateway.suspect;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What one content of a model has answered to this gateway, and what became of processes meanwhile.
 * Thread-safe. Remembers {@value #MOST_BODIES} suspect bodies at most, by their digests; the oldest
 * go first.
 */
final class ContentRecord {

  static final int MOST_BODIES = 64;

  private final AtomicLong answers = new AtomicLong();
  private final AtomicLong largestPlain = new AtomicLong(-1);
  private final AtomicLong largestEncoded = new AtomicLong(-1);

  /** Of requests larger than any that was answered. */
  private volatile @Nullable Probation probation;

  private volatile boolean hasSuspects;

  /** Of single bodies that are no larger, by their digests. */
  @GuardedBy("this")
  private final Map<String, Probation> suspects = new LinkedHashMap<>();

  /** The replica that has requests larger than any that was answered; null if none has. */
  @GuardedBy("this")
  private @Nullable String holder;

  /** INVARIANT: 0 exactly while there is no holder. */
  @GuardedBy("this")
  private int held;

  /** Counts one more such request at the replica, unless another one has some. */
  synchronized boolean tryHold(String replica) {
    if (holder != null && !holder.equals(replica)) {
      return false;
    }
    holder = replica;
    held++;
    return true;
  }

  synchronized void letGo() {
    if (--held == 0) {
      holder = null;
    }
  }

  synchronized @Nullable String holder() {
    return holder;
  }

  long answers() {
    return answers.get();
  }

  /** The largest body like the request's that was answered; -1 if none was. */
  long largestAnswered(RunRequest request) {
    return (request.isEncoded() ? largestEncoded : largestPlain).get();
  }

  /** Whether a request with a body at least as large was answered. */
  boolean covers(RunRequest request) {
    return largestAnswered(request) >= request.size();
  }

  /** Gives the probation that this answer ended, if it ended one. */
  @Nullable Probation answered(RunRequest request) {
    answers.incrementAndGet();
    AtomicLong largest = request.isEncoded() ? largestEncoded : largestPlain;
    if (largest.get() < request.size()) {
      largest.accumulateAndGet(request.size(), Math::max);
    }
    if (probation == null) {
      return null;
    }
    synchronized (this) {
      Probation now = probation;
      if (now == null || !now.isEndedBy(request)) {
        return null;
      }
      probation = null;
      return now;
    }
  }

  @Nullable Probation probation() {
    return probation;
  }

  /** Gives what it is now. */
  synchronized Probation onProbation(UnaryOperator<@Nullable Probation> next) {
    Probation now = next.apply(probation);
    probation = now;
    return now;
  }

  boolean hasSuspects() {
    return hasSuspects;
  }

  synchronized @Nullable Probation suspect(String body) {
    return suspects.get(body);
  }

  synchronized void suspected(String body, UnaryOperator<@Nullable Probation> next) {
    Probation now = next.apply(suspects.remove(body));
    suspects.put(body, now);
    if (suspects.size() > MOST_BODIES) {
      suspects.remove(suspects.keySet().iterator().next());
    }
    hasSuspects = true;
  }

  /** A body was answered, whatever was said. */
  synchronized void acquit(String body) {
    suspects.remove(body);
    hasSuspects = !suspects.isEmpty();
  }

  /** Forgets the bodies that were suspected last before that time. */
  synchronized void acquitBefore(long nanos) {
    suspects.values().removeIf(suspect -> suspect.sinceNanos() - nanos < 0);
    hasSuspects = !suspects.isEmpty();
  }

  /** Ends every suspicion. */
  synchronized void lift() {
    suspects.clear();
    hasSuspects = false;
    probation = null;
  }
}
