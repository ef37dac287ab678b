package io.onnxfleet.engine.instance;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.batching.BatchScheduler;
import io.onnxfleet.engine.batching.latency.LatencyModel;
import io.onnxfleet.engine.crash.ThreadNames;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.metrics.BusyShare;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelGauges;
import io.onnxfleet.engine.metrics.ModelStatistics;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.metrics.StatisticsRecorder;
import io.onnxfleet.engine.proof.RowVerdict;
import io.onnxfleet.engine.proof.SentinelOptions;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.tensor.BufferPool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The executors of one model version behind its one queue.
 *
 * <ul>
 *   <li>Each request's answer completes exactly once, and its inputs are given up exactly once.
 *   <li>An idle instance runs what is queued at once; batches form while all are busy.
 *   <li>After {@link #drain} no request is accepted, and no session is closed under a run.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class InstanceGroup implements ModelGauges {
  private static final Logger log = LoggerFactory.getLogger(InstanceGroup.class);
  private static final Duration BUSY_TIME_CONSTANT = Duration.ofSeconds(5);
  private static final Duration TERMINATION_GRACE = Duration.ofSeconds(5);

  private final ModelVersionId id;
  private final ModelInterface model;
  private final RequestBinding binding;
  private final BatchScheduler<PendingPiece> scheduler;
  private final VersionEvents events;
  private final Environment environment;
  private final Ticker ticker;
  private final BusyShare busyShare;
  private final Scheduling scheduling;
  private final SentinelWatch sentinel;
  private final MemoryEstimates estimates = new MemoryEstimates();
  private final boolean countsMemory;
  private final List<ModelInstance> instances = new CopyOnWriteArrayList<>();
  private final AtomicInteger instancesMade = new AtomicInteger();

  /** Written under the lock of this object, together with what the scheduler is told. */
  private volatile RowTerms rows;

  /** Read-held by who submits, so that none is refused by a queue that closes under its hands. */
  private final ReadWriteLock draining = new ReentrantReadWriteLock();

  @GuardedBy("draining")
  private boolean drained;

  /**
   * A group of one instance a session, started; the sessions become the group's.
   *
   * @param maxRequestRows rows of the largest request, which is split where it exceeds a batch
   */
  public InstanceGroup(
      ModelVersionId id,
      ModelInterface model,
      List<ModelSession> sessions,
      Scheduling scheduling,
      int maxRequestRows,
      Environment environment) {
    this.id = id;
    this.model = model;
    this.environment = environment;
    this.ticker = environment.ticker();
    this.binding = new RequestBinding(model, maxRequestRows, this::mostRows);
    this.rows = scheduling.rows();
    this.countsMemory = sessions.getFirst().memoryUse().isKnown();
    this.scheduler =
        new BatchScheduler<>(
            scheduling.options(),
            scheduling.policy(),
            scheduling.limits().withExecutors(sessions.size()),
            new LatencyModel(Math.max(1, model.maxBatchSize())),
            ticker);
    scheduler.merging(scheduling.rows().merged());
    this.sentinel = new SentinelWatch(scheduler, environment.samples());
    this.events =
        new VersionEvents(
            id,
            environment.metrics(),
            new StatisticsRecorder(id, System::currentTimeMillis),
            ticker);
    this.busyShare = new BusyShare(sessions.size(), BUSY_TIME_CONSTANT, ticker.nanoTime());
    this.scheduling = scheduling;
    for (ModelSession session : sessions) {
      instances.add(instance(session));
    }
    instances.forEach(ModelInstance::start);
  }

  /** Rows that may run together by the memory that they take. */
  private long mostRows(long rowBytes) {
    return countsMemory
        ? estimates.rowsWithin(environment.memory().mostPerRun(instances.size()), rowBytes)
        : Long.MAX_VALUE;
  }

  private ModelInstance instance(ModelSession session) {
    String name = ThreadNames.instance(id, instancesMade.getAndIncrement());
    TimedSession timed =
        new TimedSession(
            session,
            environment.memory().open(session, estimates),
            scheduling.maxRunTime(),
            ticker);
    BatchExecution execution =
        new BatchExecution(
            timed, model, scheduling.ladder(), new State(), events, environment.pool());
    return new ModelInstance(name, timed, execution, scheduler, busyShare, sentinel, ticker);
  }

  /**
   * Runs on other sessions from now on, without a request less: those added become the group's,
   * those removed finish what they run and are closed. At least one is left, and no other change or
   * drain is under way.
   *
   * @param timeout after which the run of one that is removed is terminated
   */
  public void exchange(List<ModelSession> added, List<ModelSession> removed, Duration timeout)
      throws InterruptedException {
    List<ModelInstance> leaving =
        instances.stream().filter(instance -> removed.stream().anyMatch(instance::runs)).toList();
    for (ModelSession session : added) {
      ModelInstance instance = instance(session);
      instances.add(instance);
      instance.start();
    }
    instances.removeAll(leaving);
    scheduler.executors(instances.size());
    busyShare.executors(instances.size(), ticker.nanoTime());
    leaving.forEach(ModelInstance::leave);
    leaving.forEach(ModelInstance::giveWay);
    end(leaving, ticker.nanoTime() + timeout.toNanos());
  }

  /** Waits for instances' ends, from that moment on by force, and closes their sessions. */
  private void end(List<ModelInstance> leaving, long end) throws InterruptedException {
    if (!joinAll(leaving, end)) {
      leaving.forEach(ModelInstance::terminate);
      if (!joinAll(leaving, ticker.nanoTime() + TERMINATION_GRACE.toNanos())) {
        log.error("{}: a run does not stop; its session stays open", id);
      }
    }
    for (ModelInstance instance : leaving) {
      if (instance.join(1)) {
        instance.closeSession();
      }
    }
  }

  /** This group, as its instances see it. */
  private final class State implements GroupState {
    @Override
    public RowTerms rowTerms() {
      return InstanceGroup.this.rowTerms();
    }

    @Override
    public int instances() {
      return instances.size();
    }

    @Override
    public @Nullable Sentinel sentinel() {
      return sentinel.sentinel();
    }

    @Override
    public @Nullable LiveProof proof() {
      return sentinel.proof();
    }
  }

  /**
   * What groups share.
   *
   * @param pool where batches and outputs live
   * @param samples what is kept of merged requests until it is compared
   * @param memory that runs take
   */
  public record Environment(
      BufferPool pool,
      Ticker ticker,
      EngineMetrics metrics,
      SentinelSamples samples,
      RunMemory memory) {
    /** Without a sentinel and without a limit of memory. */
    public Environment(BufferPool pool, Ticker ticker, EngineMetrics metrics) {
      this(
          pool,
          ticker,
          metrics,
          new SentinelSamples(SentinelOptions.OFF, () -> 0),
          RunMemory.unlimited(ticker));
    }
  }

  /**
   * Has a few of the merged requests compared with the same requests alone, from now on until one
   * differs.
   *
   * @param random chooses some of them
   * @param computed CPU time that the version has taken so far
   * @param found is told once how it differed, in types and shapes, on an instance's thread
   */
  public void watch(
      AnswerComparison comparison, RandomGenerator random, long computed, Consumer<String> found) {
    sentinel.begin(
        new Sentinel(
            model, scheduling.ladder(), comparison, events, environment, random, computed, found));
  }

  /**
   * Compares rows of requests while instances are idle, until these show whether rows are
   * independent or have shown nothing for a few times. From then on it runs on the terms that
   * follow, unless {@link #stopMerging} came before.
   *
   * @param kept rows of requests until they are compared
   * @param terms by what was shown; asked once at most, on an instance's thread
   */
  public void prove(ProofRows kept, RowProver prover, Function<RowVerdict, RowTerms> terms) {
    sentinel.begin(
        new LiveProof(id, model, kept, prover, environment, verdict -> concluded(verdict, terms)));
  }

  private synchronized void concluded(RowVerdict verdict, Function<RowVerdict, RowTerms> terms) {
    if (sentinel.stopProving()) {
      var _ = rowTerms(terms.apply(verdict));
    }
  }

  /**
   * Runs a request, in batches with others where the model allows it. Never blocks.
   *
   * <p>The request's tensors are given up when this returns or later, whatever happens. The answer
   * completes on an instance's thread, so what depends on it should be asynchronous or brief; to
   * cancel it is to take the request out of the queue.
   *
   * @return the response, to be closed by the caller, or an {@link InferenceException}; null, the
   *     request untouched, if the group drains
   */
  public @Nullable CompletableFuture<InferenceResponse> infer(InferenceRequest request) {
    Lock submission = draining.readLock();
    if (!submission.tryLock()) {
      return null;
    }
    try {
      return drained ? null : submit(request);
    } finally {
      submission.unlock();
    }
  }

  private CompletableFuture<InferenceResponse> submit(InferenceRequest request) {
    long arrived = ticker.nanoTime();
    List<BoundRequest> bound;
    try (request) {
      bound = binding.bind(request, rows);
    } catch (InferenceException refused) {
      events.requestFailed(refused.code(), arrived);
      return CompletableFuture.failedFuture(refused);
    }
    PendingRequest pending =
        new PendingRequest(
            request, bound, outputNames(bound.getFirst()), events, environment.pool());
    submit(pending);
    return pending.answer();
  }

  private void submit(PendingRequest pending) {
    try {
      scheduler.submitAll(pending.pieces());
    } catch (InferenceException refused) {
      pending.pieces().forEach(piece -> piece.fail(refused));
      return;
    }
    if (sentinel.mustGiveWay()) {
      instances.forEach(ModelInstance::giveWay);
    }
    var _ =
        pending
            .answer()
            .whenComplete(
                (response, failure) -> {
                  if (failure != null) {
                    withdraw(pending);
                  }
                });
  }

  /** The rest of a request that failed or was cancelled leaves the queue. */
  private void withdraw(PendingRequest pending) {
    InferenceException reason = PendingRequest.cancelled();
    pending.fail(reason);
    for (PendingPiece piece : pending.pieces()) {
      if (scheduler.remove(piece)) {
        piece.fail(reason);
      }
    }
  }

  private List<String> outputNames(BoundRequest bound) {
    List<String> names = new ArrayList<>(bound.outputs().length);
    for (int output : bound.outputs()) {
      names.add(model.outputs().get(output).name());
    }
    return names;
  }

  /**
   * Drops what has waited past its deadline and ends runs that take too long; called now and then,
   * also while all are busy.
   */
  public void expire() {
    scheduler.expire();
    if (sentinel.mustGiveWay()) {
      instances.forEach(ModelInstance::giveWay);
    }
    instances.forEach(ModelInstance::expire);
  }

  /**
   * Accepts no more, lets what was accepted finish, then closes the sessions. What is not done
   * after {@code timeout} fails: waiting requests at once, running ones as soon as the model can be
   * stopped.
   */
  public void drain(Duration timeout) throws InterruptedException {
    draining.writeLock().lock();
    try {
      drained = true;
    } finally {
      draining.writeLock().unlock();
    }
    scheduler.close();
    sentinel.rest();
    instances.forEach(ModelInstance::giveWay);
    long end = ticker.nanoTime() + timeout.toNanos();
    if (!joinAll(instances, end)) {
      scheduler.shutdownNow(
          new InferenceException(
              ErrorCode.SHUTTING_DOWN,
              "model %s went away after %s of draining".formatted(id, timeout)));
    }
    end(instances, end);
  }

  private boolean joinAll(List<ModelInstance> leaving, long end) throws InterruptedException {
    boolean ended = true;
    for (ModelInstance instance : leaving) {
      long left = Duration.ofNanos(end - ticker.nanoTime()).toMillis();
      ended &= instance.join(left);
    }
    return ended;
  }

  /** The counters since the group was made. */
  public ModelStatistics statistics() {
    return events.statistics();
  }

  /** What may be done with the rows of requests at this moment. */
  public RowTerms rowTerms() {
    return rows;
  }

  /**
   * Changes what may be done with rows, from now on; batches that run finish as they are. Where
   * requests are no longer merged, those that wait run one by one.
   *
   * @return what held before
   */
  public synchronized RowTerms rowTerms(RowTerms terms) {
    RowTerms before = rows;
    rows = terms;
    scheduler.merging(terms.merged());
    if (!before.equals(terms)) {
      log.info("{}: {}", id, terms.reason());
    }
    return before;
  }

  /**
   * Neither merges nor cuts requests from now on, because rows were seen to depend on each other.
   *
   * @param reason one plain sentence without a full stop, for the index and the log
   * @return false if that was so before
   */
  public synchronized boolean stopMerging(String reason) {
    RowTerms before = rowTerms();
    boolean proved = sentinel.stopProving();
    if (!proved && !before.merged() && before.cut() == RowTerms.Cut.NEVER) {
      return false;
    }
    var _ = rowTerms(before.stopped(reason));
    return true;
  }

  /** What the sentinel ran, as a share of what it watched. */
  double sentinelShare() {
    Sentinel watching = sentinel.sentinel();
    return watching == null ? 0 : watching.spentShare();
  }

  /** Whose group this is. */
  public ModelVersionId id() {
    return id;
  }

  /** What requests look like. */
  public ModelInterface model() {
    return model;
  }

  @Override
  public int pendingRequests() {
    return scheduler.status().items();
  }

  @Override
  public long pendingRows() {
    return scheduler.status().rows();
  }

  @Override
  public double queueDelaySeconds() {
    return scheduler.status().oldestNanos() / 1e9;
  }

  @Override
  public double queuedWorkSeconds() {
    return scheduler.queuedWork().toNanos() / 1e9;
  }

  @Override
  public double busyShare() {
    return busyShare.read(ticker.nanoTime());
  }

  @Override
  public long runMemoryBytes() {
    long bytes = 0;
    for (ModelInstance instance : instances) {
      bytes += instance.runMemoryBytes();
    }
    return bytes;
  }

  @Override
  public int instances() {
    return instances.size();
  }
}
