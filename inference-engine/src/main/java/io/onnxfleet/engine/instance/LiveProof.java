package io.onnxfleet.engine.instance;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.proof.RowProof;
import io.onnxfleet.engine.proof.RowVerdict;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorRows;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * A version that takes no made-up inputs is proven by rows of its requests. They are copied after the answer was given, and run
 * on an instance's thread while nothing is queued; a request ends the run under way. The answers of runs that went to their end are
 * kept and not computed again, so that pauses of one run's length are enough. They are those of one session: an attempt
 * belongs to the session that began it, and begins anew if another one has to take it over.
 */
/**
 * Proves by rows that callers sent whether the rows of a version are independent, while it is idle.
 * Rests once it is known, after {@value #MOST_ATTEMPTS} attempts that showed nothing, and from the
 * drain on; it then holds nothing.
 *
 * <p>Thread-safe.
 */
final class LiveProof {
  private static final Logger log = LoggerFactory.getLogger(LiveProof.class);

  static final int MOST_ATTEMPTS = 6;

  /** Requests that are passed over after the first attempt, doubled after each further one. */
  static final long FIRST_PAUSE = 16;

  /** After which another session takes over an attempt that its own finds no time for. */
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  private final ModelVersionId id;
  private final ModelInterface model;
  private final ProofRows kept;
  private final RowProver prover;
  private final BufferPool pool;
  private final Ticker ticker;
  private final Consumer<RowVerdict> concluded;

  private final AtomicLong passedOver = new AtomicLong();
  private volatile boolean resting;

  /** True if rows enough may be kept. */
  private volatile boolean ready;

  private volatile @Nullable Attempt attempt;

  @GuardedBy("this")
  private int attempts;

  /**
   * A proof that has seen nothing yet.
   *
   * @param concluded is told what is known in the end, at most once, on an instance's thread
   */
  LiveProof(
      ModelVersionId id,
      ModelInterface model,
      ProofRows kept,
      RowProver prover,
      InstanceGroup.Environment environment,
      Consumer<RowVerdict> concluded) {
    this.id = id;
    this.model = model;
    this.kept = kept;
    this.prover = prover;
    this.pool = environment.pool();
    this.ticker = environment.ticker();
    this.concluded = concluded;
  }

  /** Rows under proof, by one session at a time. */
  private static final class Attempt {
    private final List<List<KeptTensor>> rows;

    @GuardedBy("this")
    private final List<List<KeptTensor>> answers = new ArrayList<>();

    @GuardedBy("this")
    private TimedSession session;

    @GuardedBy("this")
    private boolean running;

    @GuardedBy("this")
    private long lastRun;

    @GuardedBy("this")
    private boolean released;

    Attempt(List<List<KeptTensor>> rows, TimedSession session, long now) {
      this.rows = rows;
      this.session = session;
      this.lastRun = now;
    }

    @SuppressWarnings("ReferenceEquality") // a session is the one that was opened
    synchronized boolean isFor(TimedSession asking, long now) {
      return !running && (session == asking || now - lastRun > LONGEST_PAUSE.toNanos());
    }

    /** False if another session has it. */
    @SuppressWarnings("ReferenceEquality") // a session is the one that was opened
    synchronized boolean begin(TimedSession asking, long now, ProofRows kept) {
      if (!isFor(asking, now)) {
        return false;
      }
      if (session != asking) {
        kept.release(ProofRows.sizeOf(answers));
        answers.clear();
        session = asking;
      }
      running = true;
      return true;
    }

    synchronized void pause(long now) {
      running = false;
      lastRun = now;
    }

    synchronized @Nullable List<KeptTensor> answer(int run) {
      return run < answers.size() ? answers.get(run) : null;
    }

    /** Keeps what a run came to, if all before it were kept and there is room. */
    synchronized void answered(int run, List<NamedTensor> outputs, ProofRows kept) {
      if (!released && run == answers.size()) {
        List<KeptTensor> copy = ProofRows.copyOf(outputs);
        if (kept.reserve(ProofRows.sizeOf(List.of(copy)))) {
          answers.add(copy);
        }
      }
    }

    synchronized void release(ProofRows kept) {
      released = true;
      kept.release(ProofRows.sizeOf(answers) + ProofRows.sizeOf(rows));
    }
  }

  /** What a request was made of, with references of its own, until it was answered. */
  record Offer(List<NamedTensor> inputs, long rows) {
    void close() {
      inputs.forEach(input -> input.tensor().close());
    }
  }

  /** Takes what was run as it came, before its inputs are given up; null if it is of no use. */
  @Nullable Offer offer(BoundRequest request) {
    if (resting || attempt != null) {
      return null;
    }
    if (passedOver.get() > 0) {
      passedOver.decrementAndGet();
      return null;
    }
    long rows = -1;
    for (Tensor input : request.inputs()) {
      if (input != null) {
        if (input.shape().rank() == 0 || (rows >= 0 && input.rows() != rows)) {
          return null;
        }
        rows = input.rows();
      }
    }
    if (rows < 1) {
      return null;
    }
    List<NamedTensor> inputs = new ArrayList<>();
    for (int index = 0; index < model.inputs().size(); index++) {
      Tensor input = request.inputs()[index];
      if (input != null) {
        inputs.add(new NamedTensor(model.inputs().get(index).name(), input.share()));
      }
    }
    return new Offer(inputs, rows);
  }

  /** Keeps copies of its first rows, and gives the tensors up. */
  void keep(Offer offer) {
    List<List<Tensor>> parts = new ArrayList<>();
    try {
      int rows = (int) Math.min(offer.rows(), ProofRows.MOST_ROWS);
      long[] counts = new long[rows + 1];
      Arrays.fill(counts, 0, rows, 1);
      counts[rows] = offer.rows() - rows;
      for (NamedTensor input : offer.inputs()) {
        parts.add(TensorRows.part(input.tensor(), counts));
      }
      for (int row = 0; row < rows; row++) {
        List<NamedTensor> one = new ArrayList<>();
        for (int index = 0; index < parts.size(); index++) {
          one.add(new NamedTensor(offer.inputs().get(index).name(), parts.get(index).get(row)));
        }
        add(one);
      }
    } catch (RuntimeException | OutOfMemoryError failure) {
      log.debug("{}: rows were not kept", id, failure);
    } finally {
      parts.forEach(part -> part.forEach(Tensor::close));
      offer.close();
    }
  }

  private synchronized void add(List<NamedTensor> row) {
    if (!resting && kept.add(this, row)) {
      ready = true;
    }
  }

  /** True if this session may go on with it now; cheap. */
  boolean isDue(TimedSession session) {
    Attempt now = attempt;
    return !resting && (now == null ? ready : now.isFor(session, ticker.nanoTime()));
  }

  /** Begins, or goes on, until it is known or has to give way. */
  void run(TimedSession session) {
    Attempt now = begin(session);
    if (now == null) {
      return;
    }
    RowVerdict verdict = new RowVerdict.Unproven("rows of requests were not compared", true);
    try {
      verdict = prove(now, session);
    } catch (RuntimeException | OutOfMemoryError failure) {
      log.debug("{}: rows of requests were not compared", id, failure);
    } finally {
      now.pause(ticker.nanoTime());
    }
    boolean isUnproven = verdict instanceof RowVerdict.Unproven;
    if (!(isUnproven && session.gaveWay()) && ends(now, isUnproven)) {
      concluded.accept(verdict);
    }
  }

  private synchronized @Nullable Attempt begin(TimedSession session) {
    if (resting) {
      return null;
    }
    Attempt now = attempt;
    if (now == null) {
      List<List<KeptTensor>> rows = kept.take(this);
      ready = false;
      if (rows == null) {
        return null;
      }
      now = new Attempt(rows, session, ticker.nanoTime());
      attempt = now;
    }
    return now.begin(session, ticker.nanoTime(), kept) ? now : null;
  }

  /** An attempt is over; true if it was the last one. */
  private synchronized boolean ends(Attempt over, boolean isUnproven) {
    if (resting) {
      return false; // rest() released it
    }
    over.release(kept);
    attempt = null;
    attempts++;
    passedOver.set(FIRST_PAUSE << (attempts - 1));
    return !isUnproven || attempts >= MOST_ATTEMPTS;
  }

  private RowVerdict prove(Attempt now, TimedSession session) {
    List<List<NamedTensor>> rows = new ArrayList<>();
    try {
      for (List<KeptTensor> row : now.rows) {
        List<NamedTensor> restored = new ArrayList<>();
        rows.add(restored);
        for (KeptTensor input : row) {
          restored.add(input.restore(pool));
        }
      }
      return prover.prove(new ResumedRuns(now, session), rows);
    } finally {
      rows.forEach(row -> row.forEach(input -> input.tensor().close()));
    }
  }

  /** The runs of an attempt in their order, those that were made before from what was kept. */
  private final class ResumedRuns implements RowProof.Runs {
    private final Attempt of;
    private final TimedSession session;
    private int run;

    ResumedRuns(Attempt of, TimedSession session) {
      this.of = of;
      this.session = session;
    }

    @Override
    public List<Tensor> run(List<NamedTensor> inputs, List<String> outputs) {
      List<KeptTensor> before = of.answer(run);
      if (before != null) {
        run++;
        return restored(before);
      }
      if (resting) {
        throw new InferenceException(ErrorCode.CANCELLED, "the version goes away");
      }
      List<Tensor> answers = session.runGivingWay(inputs, outputs);
      List<NamedTensor> named = new ArrayList<>(answers.size());
      for (int index = 0; index < answers.size(); index++) {
        named.add(new NamedTensor(outputs.get(index), answers.get(index)));
      }
      of.answered(run++, named, kept);
      return answers;
    }

    private List<Tensor> restored(List<KeptTensor> answers) {
      List<Tensor> tensors = new ArrayList<>(answers.size());
      for (KeptTensor answer : answers) {
        tensors.add(answer.restore(pool).tensor());
      }
      return tensors;
    }
  }

  /**
   * Runs nothing from now on, and forgets what it kept.
   *
   * @return false if that was so before
   */
  synchronized boolean rest() {
    boolean worked = !resting;
    if (worked) {
      resting = true;
      kept.removeAll(this);
      Attempt now = attempt;
      attempt = null;
      if (now != null) {
        now.release(kept);
      }
    }
    return worked;
  }
}
