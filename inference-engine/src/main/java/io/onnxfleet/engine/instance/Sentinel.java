package io.onnxfleet.engine.instance;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.ModelInterface.Padding;
import io.onnxfleet.engine.instance.SentinelSample.Stratum;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorRows;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * What is chosen. One row of a batch stands for the batch: if its answer depends on no company, it is the answer that
 * the row gets alone. Chance alone sees a rare kind of request late, so batches that are new in kind are preferred: those with
 * values of a larger magnitude than any that was found to be answered alike (the largest and the smallest row are kept), and the
 * first of each shape. At most one sample of a kind waits. A sample that is lost unseen counts as not chosen.
 *
 * What it costs. INVARIANT: spent + expected <= maxComputeShare * computed before a sample is run, measured as the instances' CPU
 * time for this version, its loading included. Kept samples lie on the heap, within the bytes that all versions share.
 *
 * When. An instance that finds nothing queued runs a sample on its own thread. A request that then finds no idle instance ends
 * that run within an operator's time, unless a run takes less than a millisecond; the sample waits for the next pause. On a version whose instances are never idle a sample
 * would wait for ever: after OVERDUE it runs between two batches, within the same share of the compute.
 */
/**
 * Sees to it that merged requests of a version were answered as they would have been alone: runs a
 * few again alone, when there is time, and compares. What differs is told once; from then on it
 * rests.
 *
 * <p>Thread-safe.
 */
final class Sentinel {
  private static final Logger log = LoggerFactory.getLogger(Sentinel.class);

  /** After which a sample waits for no pause any more: a time, or batches without a pause. */
  private static final Duration OVERDUE = Duration.ofSeconds(10);

  private static final long OVERDUE_BATCHES = 250;

  private static final long BRIEF_NANOS = 1_000_000;

  private static final int MOST_SHAPES = 512;

  /** Runs alone vary in what they take. */
  private static final double MARGIN = 1.25;

  private final ModelInterface model;
  private final ShapeLadder ladder;
  private final SentinelSamples samples;
  private final AnswerComparison comparison;
  private final VersionEvents events;
  private final BufferPool pool;
  private final Ticker ticker;
  private final Consumer<String> found;

  private final AtomicLong computed = new AtomicLong();
  private final AtomicLong spent = new AtomicLong();
  private final AtomicLong batches = new AtomicLong();
  private final AtomicLong inBatches = new AtomicLong();
  private final AtomicInteger kept = new AtomicInteger();
  private volatile boolean resting;

  /** Since when a sample could be run but for want of a pause; null while none could. */
  private final AtomicReference<@Nullable Waiting> waiting = new AtomicReference<>();

  private record Waiting(long batches, long nanos) {}

  @GuardedBy("this")
  private final RandomGenerator random;

  @GuardedBy("this")
  private long untilNext;

  @GuardedBy("this")
  private long looks;

  /** Of values that were seen to be answered alike. */
  @GuardedBy("this")
  private Magnitudes seen;

  /** The same with those of samples that wait. */
  @GuardedBy("this")
  private Magnitudes chosen;

  @GuardedBy("this")
  private int chosenWaiting;

  /** Of which a batch was seen, or waits. */
  @GuardedBy("this")
  private final Set<Object> shapes = new HashSet<>();

  /**
   * A sentinel at work.
   *
   * @param computed CPU time that the version has taken so far
   * @param found is told how a request was answered in another way than alone, in types and shapes
   */
  Sentinel(
      ModelInterface model,
      ShapeLadder ladder,
      AnswerComparison comparison,
      VersionEvents events,
      InstanceGroup.Environment environment,
      RandomGenerator random,
      long computed,
      Consumer<String> found) {
    this.model = model;
    this.ladder = model.isBatched() ? ladder : ShapeLadder.NONE;
    this.samples = environment.samples();
    this.comparison = comparison;
    this.events = events;
    this.pool = environment.pool();
    this.ticker = environment.ticker();
    this.random = random;
    this.found = found;
    this.computed.set(computed);
    this.resting = samples.options().isOff() || !model.isBatched();
    this.seen = Magnitudes.none(model.inputs().size());
    this.chosen = seen;
    this.untilNext = resting ? Long.MAX_VALUE : drawn(random, samples.options().share());
  }

  private static long drawn(RandomGenerator random, double share) {
    return 1 + (long) (random.nextDouble() * 2 / share);
  }

  /**
   * A batch that was run, and its answers by piece.
   *
   * @param filled rows that were added and dropped again
   * @param length that rows were filled up to
   */
  record Run(
      List<PendingPiece> batch, List<List<Tensor>> answers, long rows, long filled, long length) {
    /** False if a request alone was answered with other rows than it has. */
    boolean keepsRows() {
      for (int piece = 0; piece < batch.size(); piece++) {
        for (Tensor answer : answers.get(piece)) {
          if (answer.shape().rank() == 0 || answer.rows() != batch.get(piece).bound().rows()) {
            return false;
          }
        }
      }
      return true;
    }

    /** True if a request's answer could depend on something that was not its own. */
    boolean isCompany() {
      if (rows + filled > 1) {
        return true;
      }
      for (PendingPiece piece : batch) {
        if (piece.bound().length() < length) {
          return true;
        }
      }
      return false;
    }
  }

  /** An instance computed for so much CPU time. */
  void computed(long nanos) {
    batches.incrementAndGet();
    inBatches.addAndGet(nanos);
    computed.addAndGet(nanos);
  }

  /** Looks at what a batch is made of, before its inputs are given up; null if at rest. */
  @Nullable Magnitudes look(List<NamedTensor> inputs, long rows) {
    if (resting || rows < 2) {
      return null;
    }
    long offset;
    synchronized (this) {
      offset = looks++;
    }
    return Magnitudes.of(inputs, offset);
  }

  /**
   * Chooses rows of a batch, with references of their own to its tensors; called before its answers
   * are given away.
   *
   * @param magnitudes what {@link #look} saw
   */
  List<Chosen> choose(Run run, @Nullable Magnitudes magnitudes) {
    if (resting || run.rows() < 1 || !run.isCompany() || !run.keepsRows()) {
      return List.of();
    }
    List<Pick> picks = picks(run, magnitudes);
    if (picks.isEmpty()) {
      return List.of();
    }
    List<Chosen> chosenRows = new ArrayList<>(picks.size());
    try {
      for (Pick pick : picks) {
        chosenRows.add(share(run, pick));
      }
      return chosenRows;
    } catch (RuntimeException failure) {
      chosenRows.forEach(Chosen::close);
      picks.forEach(pick -> forget(pick.stratum()));
      log.debug("{}: no sample", events.id(), failure);
      return List.of();
    }
  }

  private record Pick(int piece, long row, Stratum stratum) {}

  private synchronized List<Pick> picks(Run run, @Nullable Magnitudes magnitudes) {
    List<Pick> picks = new ArrayList<>(0);
    if (magnitudes != null
        && chosen.areExceededBy(magnitudes)
        && !Magnitudes.holdsNoNumber(inputs(run, largest(run, -1)), 0)) {
      // Otherwise no row of it could show whether what is no number goes over to others.
      chosen = chosen.with(magnitudes);
      chosenWaiting += 2;
      Stratum stratum = new Stratum.Larger(magnitudes);
      picks.add(pick(run, largest(run, 1), stratum));
      picks.add(pick(run, largest(run, -1), stratum));
    }
    Object shape =
        List.of(
            run.batch().getFirst().shapeKey(),
            Long.numberOfLeadingZeros(run.rows()),
            Long.numberOfLeadingZeros(run.length()));
    if (shapes.size() < MOST_SHAPES && shapes.add(shape)) {
      picks.add(pick(run, shortest(run), new Stratum.FirstOfShape(shape)));
    }
    untilNext -= run.batch().size();
    if (untilNext <= 0) {
      untilNext = drawn(random, samples.options().share());
      picks.add(pick(run, random.nextInt(run.batch().size()), new Stratum.Chance()));
    }
    return picks;
  }

  @GuardedBy("this")
  private Pick pick(Run run, int piece, Stratum stratum) {
    long rows = run.batch().get(piece).bound().rows();
    return new Pick(piece, random.nextLong(Math.max(1, rows)), stratum);
  }

  /** The piece of the largest values, or of the smallest. */
  private static int largest(Run run, int sign) {
    int best = 0;
    long bestTotal = Long.MIN_VALUE;
    for (int piece = 0; piece < run.batch().size(); piece++) {
      long total = (long) sign * Magnitudes.of(inputs(run, piece), 0).total();
      if (total > bestTotal) {
        bestTotal = total;
        best = piece;
      }
    }
    return best;
  }

  private static List<NamedTensor> inputs(Run run, int piece) {
    List<NamedTensor> inputs = new ArrayList<>();
    for (Tensor input : run.batch().get(piece).bound().inputs()) {
      if (input != null) {
        inputs.add(new NamedTensor("", input));
      }
    }
    return inputs;
  }

  /** The piece that was filled up most. */
  private static int shortest(Run run) {
    int shortest = 0;
    for (int piece = 1; piece < run.batch().size(); piece++) {
      if (run.batch().get(piece).bound().length() < run.batch().get(shortest).bound().length()) {
        shortest = piece;
      }
    }
    return shortest;
  }

  private Chosen share(Run run, Pick pick) {
    BoundRequest bound = run.batch().get(pick.piece()).bound();
    List<NamedTensor> inputs = new ArrayList<>();
    List<NamedTensor> outputs = new ArrayList<>();
    try {
      for (int index = 0; index < model.inputs().size(); index++) {
        Tensor input = bound.inputs()[index];
        if (input != null) {
          inputs.add(new NamedTensor(model.inputs().get(index).name(), row(input, pick.row())));
        }
      }
      List<Tensor> answers = run.answers().get(pick.piece());
      for (int position = 0; position < answers.size(); position++) {
        String name = model.outputs().get(bound.outputs()[position]).name();
        outputs.add(new NamedTensor(name, row(answers.get(position), pick.row())));
      }
    } catch (Throwable failure) {
      closeAll(inputs);
      closeAll(outputs);
      throw failure;
    }
    String batch =
        "%d rows of %d requests%s"
            .formatted(
                run.rows() + run.filled(),
                run.batch().size(),
                bound.length() < run.length()
                    ? ", filled up from length %d to %d".formatted(bound.length(), run.length())
                    : "");
    return new Chosen(inputs, outputs, bound.outputs(), bound.length(), batch, pick.stratum());
  }

  private static Tensor row(Tensor tensor, long row) {
    List<Tensor> parts = TensorRows.part(tensor, new long[] {row, 1, tensor.rows() - row - 1});
    parts.get(0).close();
    parts.get(2).close();
    return parts.get(1);
  }

  /** A row that was chosen, while its batch is being answered. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Chosen(
      List<NamedTensor> inputs,
      List<NamedTensor> outputs,
      int[] outputIndexes,
      long length,
      String batch,
      Stratum stratum) {
    void close() {
      closeAll(inputs);
      closeAll(outputs);
    }
  }

  /** Keeps a copy of what was chosen and gives the tensors up. */
  void keep(Chosen row) {
    try {
      SentinelSample sample =
          new SentinelSample(
              this,
              copies(row.inputs()),
              copies(row.outputs()),
              row.outputIndexes(),
              row.length(),
              row.batch(),
              row.stratum(),
              ticker.nanoTime());
      add(sample);
    } finally {
      row.close();
    }
  }

  /** Adds a sample, unless this rests: one that came while it was put to rest does not stay. */
  private void add(SentinelSample sample) {
    kept.incrementAndGet();
    samples.add(sample);
    if (resting) {
      rest();
    }
  }

  private static List<KeptTensor> copies(List<NamedTensor> tensors) {
    return tensors.stream().map(named -> KeptTensor.of(named.name(), named.tensor())).toList();
  }

  /** The store had no room for a sample: its kind counts as not chosen. */
  void lost(SentinelSample sample) {
    kept.decrementAndGet();
    forget(sample.stratum());
  }

  private synchronized void forget(Stratum stratum) {
    switch (stratum) {
      case Stratum.Larger _ -> larger(false, Magnitudes.none(0));
      case Stratum.FirstOfShape(Object shape) -> shapes.remove(shape);
      case Stratum.Chance _ -> {}
    }
  }

  @GuardedBy("this")
  private void larger(boolean agreed, Magnitudes magnitudes) {
    chosenWaiting--;
    if (agreed) {
      seen = seen.with(magnitudes);
    }
    if (chosenWaiting == 0) {
      chosen = seen;
    }
  }

  /** When a sample may be run. */
  enum Due {
    NOT,
    WHEN_IDLE,
    NOW
  }

  /** Whether one may be run now; cheap while nothing is kept. */
  Due due() {
    if (resting || kept.get() == 0) {
      return Due.NOT;
    }
    SentinelSample first = samples.first(this);
    if (first == null) {
      return Due.NOT;
    }
    double allowed = samples.options().maxComputeShare() * computed.get();
    if (spent.get() + MARGIN * expectedNanos() > allowed) {
      return Due.NOT;
    }
    Waiting since = waiting.updateAndGet(before -> before == null ? now() : before);
    boolean overdue =
        since != null
            && (batches.get() - since.batches() > OVERDUE_BATCHES
                || ticker.nanoTime() - since.nanos() > OVERDUE.toNanos());
    return overdue ? Due.NOW : Due.WHEN_IDLE;
  }

  private Waiting now() {
    return new Waiting(batches.get(), ticker.nanoTime());
  }

  /** What a batch took on average, which a row alone will hardly exceed. */
  private double expectedNanos() {
    return (double) inBatches.get() / Math.max(1, batches.get());
  }

  /** True if a run is over before ending it would help anybody. */
  boolean isBrief() {
    return expectedNanos() < BRIEF_NANOS;
  }

  /** Runs the sample whose turn it is, if there is one, on the caller's session. */
  void check(TimedSession session) {
    SentinelSample sample = samples.first(this);
    if (sample == null || !samples.remove(sample)) {
      return; // another instance has it
    }
    kept.decrementAndGet();
    Optional<String> difference;
    try {
      difference = compare(sample, session);
    } catch (InferenceException failure) {
      if (session.gaveWay()) {
        add(sample);
      } else {
        inconclusive(sample, failure);
      }
      return;
    } catch (RuntimeException failure) {
      inconclusive(sample, failure);
      return;
    }
    waiting.set(null);
    if (difference.isEmpty()) {
      agreed(sample);
    } else if (resting) {
      return; // another instance saw it too, and tells
    } else {
      rest();
      found.accept(
          "an answer among %s differed from that of the same request alone: %s"
              .formatted(sample.batch(), difference.get()));
    }
    events.mergedCompared(difference.isPresent());
  }

  private synchronized void agreed(SentinelSample sample) {
    if (sample.stratum() instanceof Stratum.Larger(Magnitudes magnitudes)) {
      larger(true, magnitudes);
    }
  }

  /** Nothing was learned; another sample of its kind may be. */
  private void inconclusive(SentinelSample sample, RuntimeException failure) {
    log.debug("{}: {} was not compared", events.id(), sample.inputs(), failure);
    kept.incrementAndGet();
    lost(sample);
  }

  private Optional<String> compare(SentinelSample sample, TimedSession session) {
    List<NamedTensor> inputs = new ArrayList<>(sample.inputs().size());
    List<Tensor> outputs = List.of();
    long length = ladder.length(sample.length());
    try {
      for (KeptTensor input : sample.inputs()) {
        inputs.add(filledUp(input.restore(pool), length));
      }
      outputs = run(session, inputs, sample);
      for (int position = 0; position < outputs.size(); position++) {
        Optional<String> difference = difference(sample, position, outputs.get(position), length);
        if (difference.isPresent()) {
          return difference;
        }
      }
      return Optional.empty();
    } finally {
      closeAll(inputs);
      outputs.forEach(Tensor::close);
    }
  }

  private List<Tensor> run(TimedSession session, List<NamedTensor> inputs, SentinelSample sample) {
    List<String> names = sample.outputs().stream().map(KeptTensor::name).toList();
    long begin = samples.cpuNanos();
    try {
      return session.runGivingWay(inputs, names);
    } finally {
      spent.addAndGet(samples.cpuNanos() - begin);
    }
  }

  private NamedTensor filledUp(NamedTensor input, long length) {
    Padding padding = model.padding();
    if (padding == null
        || !padding.inputs().contains(input.name())
        || input.tensor().shape().dim(1) == length) {
      return input;
    }
    try (Tensor own = input.tensor()) {
      return new NamedTensor(
          input.name(),
          TensorRows.joinPadded(
              pool, List.of(own), length, padding.side(), padding.fill(input.name())));
    }
  }

  private Optional<String> difference(
      SentinelSample sample, int position, Tensor output, long length) {
    KeptTensor given = sample.outputs().get(position);
    Padding padding = model.padding();
    boolean cut =
        padding != null && padding.outputs().contains(given.name()) && sample.length() < length;
    try (Tensor whole =
            cut && padding != null
                ? TensorRows.trim(pool, output, sample.length(), padding.side())
                : output.share();
        Tensor alone = shown(sample.outputIndexes()[position], whole);
        Tensor answer = given.restore(pool).tensor()) {
      return comparison
          .difference(given.name(), answer, alone)
          .map(how -> "output '%s' of inputs %s, %s".formatted(given.name(), sample.inputs(), how));
    }
  }

  /** As responses show it. */
  private Tensor shown(int output, Tensor tensor) {
    ModelInterface.Port port = model.outputs().get(output);
    return port.modelShape() == null
        ? tensor.share()
        : tensor.reshape(Reshaping.resolve(tensor.shape(), port.spec().shape(), true));
  }

  /** Chooses nothing from now on, and forgets what it kept. */
  void rest() {
    resting = true;
    samples.removeAll(this);
    kept.set(0);
  }

  /** What was spent, as a share of what the version computed. */
  double spentShare() {
    long all = computed.get();
    return all == 0 ? 0 : (double) spent.get() / all;
  }

  private static void closeAll(List<NamedTensor> tensors) {
    tensors.forEach(named -> named.tensor().close());
  }
}
