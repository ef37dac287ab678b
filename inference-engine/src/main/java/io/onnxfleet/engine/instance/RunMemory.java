package io.onnxfleet.engine.instance;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.metrics.RunMemoryGauges;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.MemoryUse;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The memory that the runs of all models take, weights not counted.
 *
 * <ul>
 *   <li>What all sessions hold, and what runs under way are expected to take besides, stays within
 *       a limit: a run that does not fit waits.
 *   <li>Before it waits, sessions that are idle give back what they hold, the longest idle first.
 *   <li>Runs that wait go in the order in which they came. One that fits nowhere runs alone; how
 *       much it may take is then bounded by its session.
 *   <li>A session whose runs take less than a {@value #SMALL_SHARE}th of the limit never waits.
 *   <li>Sessions that were idle for a while give back what they hold: {@link #shrinkIdle}.
 * </ul>
 *
 * <p>Thread-safe. Sessions are asked and shrunk with no lock held.
 */
public final class RunMemory implements RunMemoryGauges {
  /*
   * INVARIANT: total is the sum of held and reserved over all accounts.
   *
   * No deadlock: only who waits at the head of the line asks for anything, it holds no reservation
   * meanwhile, and a run under way waits for nobody. No starvation: while the head waits no account
   * that counts begins a run, so those under way end one by one, become idle and are shrunk, until
   * the head fits or is alone.
   */
  private static final Logger log = LoggerFactory.getLogger(RunMemory.class);

  static final int SMALL_SHARE = 256;

  /** Rows that take more together gain nothing by being merged. */
  private static final long MOST_MERGED = 256 << 20;

  /** A session that holds less keeps it. */
  private static final long LITTLE = 1 << 20;

  /** Runs that take longer are measured each time: reading the counters takes microseconds. */
  private static final Duration WORTH_MEASURING = Duration.ofMillis(1);

  private static final int MOST_SETTLED = 1024;

  private final long mostBytes;
  private final Ticker ticker;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final List<Account> accounts = new ArrayList<>();

  @GuardedBy("lock")
  private final Deque<Account> line = new ArrayDeque<>();

  @GuardedBy("lock")
  private long total;

  @GuardedBy("lock")
  private long waits;

  /**
   * Nothing is held yet.
   *
   * @param mostBytes that all sessions together may hold, at least 1
   */
  public RunMemory(long mostBytes, Ticker ticker) {
    if (mostBytes < 1) {
      throw new IllegalArgumentException("max-run-memory: " + mostBytes + " (expected: >= 1)");
    }
    this.mostBytes = mostBytes;
    this.ticker = ticker;
  }

  /** Without a limit; what is idle is given back all the same. */
  public static RunMemory unlimited(Ticker ticker) {
    return new RunMemory(Long.MAX_VALUE / 4, ticker);
  }

  @Override
  public long bytes() {
    lock.lock();
    try {
      return total;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long mostBytes() {
    return mostBytes;
  }

  /**
   * What rows may take that run together although they could run apart.
   *
   * @param parts among which the limit is shared
   */
  long mostPerRun(int parts) {
    return Math.min(MOST_MERGED, mostBytes / Math.max(1, parts));
  }

  @Override
  public long waits() {
    lock.lock();
    try {
      return waits;
    } finally {
      lock.unlock();
    }
  }

  /** The account of a session that is opened; closed before the session is. */
  Account open(ModelSession session, MemoryEstimates estimates) {
    MemoryUse use = session.memoryUse();
    lock.lock();
    try {
      Account account = new Account(session, estimates, use);
      if (account.counted) {
        accounts.add(account);
        total += account.held;
      }
      return account;
    } finally {
      lock.unlock();
    }
  }

  /** Gives back what sessions hold that have been idle for so long; called now and then. */
  public void shrinkIdle(Duration idle) {
    long now = ticker.nanoTime();
    while (true) {
      Account found = null;
      lock.lock();
      try {
        for (Account account : accounts) {
          if (account.canShrink()
              && account.held > LITTLE
              && now - account.idleSince >= idle.toNanos()) {
            found = account;
            account.shrinking = true;
            break;
          }
        }
      } finally {
        lock.unlock();
      }
      if (found == null) {
        return;
      }
      found.shrink();
    }
  }

  /** What one session holds. Its runs belong to one thread. */
  final class Account implements AutoCloseable {
    private final ModelSession session;
    private final MemoryEstimates estimates;
    private final boolean counted;

    /** The most that a run has used, as far as measured; belongs to the session's thread. */
    private long peak;

    // The rest is guarded by the ledger's lock, which the compiler cannot see for other accounts.

    /** Shapes that were run since the session was shrunk. */
    private final Set<Object> settled = new HashSet<>();

    private long held;

    /** What cannot be given back. */
    private long kept;

    private long reserved;

    private boolean running;

    private boolean shrinking;

    private boolean leaving;

    private long idleSince = ticker.nanoTime();

    private Account(ModelSession session, MemoryEstimates estimates, MemoryUse use) {
      this.session = session;
      this.estimates = estimates;
      this.counted = use.isKnown();
      this.held = Math.max(0, use.held());
      this.peak = use.peak();
    }

    /**
     * Waits until a run with these inputs has its memory.
     *
     * @return to be closed after the run
     * @throws InferenceException with {@link ErrorCode#SHUTTING_DOWN} if the account was terminated
     */
    Reservation reserve(List<NamedTensor> inputs) {
      if (!counted) {
        return Reservation.NONE;
      }
      List<Shape> shapes = new ArrayList<>(inputs.size());
      long bytes = 0;
      for (NamedTensor input : inputs) {
        shapes.add(input.tensor().shape());
        bytes += input.tensor().byteSize();
      }
      boolean known = acquire(shapes, bytes);
      return new Run(shapes, bytes, known, ticker.nanoTime());
    }

    /**
     * True if runs of that size should be made smaller where they can be: they would take more than
     * a share of the limit, or nobody knows yet what they take.
     *
     * @param parts among which the limit is shared
     */
    boolean isTooMuch(long inputBytes, int parts) {
      if (!counted) {
        return false;
      }
      long estimate = estimates.of(inputBytes);
      return !isSmall(estimate)
          && (estimate > mostPerRun(parts) || estimates.isFarFrom(inputBytes));
    }

    /** Makes a run that waits for memory fail, and every later one. */
    void terminate() {
      lock.lock();
      try {
        leaving = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** True if the shapes were run since the session was last shrunk, so that it holds enough. */
    private boolean acquire(List<Shape> shapes, long inputBytes) {
      lock.lock();
      try {
        boolean known = settled.contains(shapes);
        long need = known ? 0 : estimates.of(shapes, inputBytes);
        while (shrinking) {
          changed.awaitUninterruptibly();
          known = false;
          need = estimates.of(shapes, inputBytes);
        }
        if (!isSmall(held + need)) {
          need = awaitTurn(shapes, inputBytes);
          known = need == 0;
        }
        running = true;
        reserved = need;
        total += need;
        return known;
      } finally {
        lock.unlock();
      }
    }

    @GuardedBy("lock")
    private long awaitTurn(List<Shape> shapes, long inputBytes) {
      boolean waited = false;
      line.addLast(this);
      try {
        while (true) {
          if (leaving) {
            throw new InferenceException(
                ErrorCode.SHUTTING_DOWN, "the model version was unloaded before the run began");
          }
          if (line.peekFirst() == this && !shrinking) {
            long need = settled.contains(shapes) ? 0 : estimates.of(shapes, inputBytes);
            if (total + need <= mostBytes) {
              return need;
            }
            Account idle = longestIdle();
            if (idle != null) {
              idle.shrinking = true;
              lock.unlock();
              try {
                idle.shrink();
              } finally {
                lock.lock();
              }
              continue;
            }
            if (isAlone()) {
              return need;
            }
          }
          if (!waited) {
            waited = true;
            waits++;
          }
          changed.awaitUninterruptibly();
        }
      } finally {
        line.remove(this);
        changed.signalAll();
      }
    }

    /** No other run is under way whose end would make room. */
    @GuardedBy("lock")
    private boolean isAlone() {
      for (Account account : accounts) {
        if (account != this
            && (account.shrinking
                || (account.running && !isSmall(account.held + account.reserved)))) {
          return false;
        }
      }
      return true;
    }

    private boolean canShrink() {
      return !running && !shrinking && held > kept;
    }

    /** Shrinks the session, which was marked; its thread waits meanwhile. */
    private void shrink() {
      long left = -1;
      try {
        session.shrink();
        left = session.memoryUse().held();
      } catch (RuntimeException failure) {
        log.warn("a session's memory was not given back", failure);
      } finally {
        lock.lock();
        try {
          shrinking = false;
          settled.clear();
          long now = left < 0 ? held : left;
          total += now - held;
          held = now;
          kept = now;
          changed.signalAll();
        } finally {
          lock.unlock();
        }
      }
    }

    private void ended(Run run) {
      boolean measured = !run.known || ticker.nanoTime() - run.begin > WORTH_MEASURING.toNanos();
      MemoryUse use = measured ? session.memoryUse() : MemoryUse.UNKNOWN;
      if (measured) {
        boolean higher = use.peak() > peak;
        estimates.observed(run.shapes, run.inputBytes, use.peak(), higher);
        peak = use.peak();
      }
      lock.lock();
      try {
        total -= reserved;
        reserved = 0;
        if (measured) {
          total += use.held() - held;
          held = use.held();
          kept = Math.min(kept, held);
          if (settled.size() >= MOST_SETTLED) {
            settled.clear();
          }
          settled.add(run.shapes);
        }
        running = false;
        idleSince = ticker.nanoTime();
        if (!line.isEmpty()) {
          changed.signalAll();
        }
      } finally {
        lock.unlock();
      }
    }

    /** No run is under way, and none follows. */
    @Override
    public void close() {
      lock.lock();
      try {
        while (shrinking) {
          changed.awaitUninterruptibly();
        }
        if (accounts.remove(this)) {
          total -= held;
          held = 0;
          changed.signalAll();
        }
      } finally {
        lock.unlock();
      }
    }

    long held() {
      lock.lock();
      try {
        return held;
      } finally {
        lock.unlock();
      }
    }

    /** A run under way. */
    private final class Run implements Reservation {
      private final List<Shape> shapes;
      private final long inputBytes;
      private final boolean known;
      private final long begin;

      Run(List<Shape> shapes, long inputBytes, boolean known, long begin) {
        this.shapes = shapes;
        this.inputBytes = inputBytes;
        this.known = known;
        this.begin = begin;
      }

      @Override
      public void close() {
        ended(this);
      }
    }
  }

  @GuardedBy("lock")
  private @Nullable Account longestIdle() {
    Account longest = null;
    for (Account account : accounts) {
      if (account.canShrink() && (longest == null || account.idleSince - longest.idleSince < 0)) {
        longest = account;
      }
    }
    return longest;
  }

  private boolean isSmall(long bytes) {
    return bytes <= mostBytes / SMALL_SHARE;
  }

  /** The memory of one run. */
  interface Reservation extends AutoCloseable {
    /** Of a session that is not counted. */
    Reservation NONE = () -> {};

    @Override
    void close();
  }
}
