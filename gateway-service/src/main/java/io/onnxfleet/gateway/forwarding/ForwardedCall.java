package io.onnxfleet.gateway.forwarding;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.netty.util.Timeout;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.LoadReport;
import io.onnxfleet.gateway.balancing.ReplicaRequest;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.Deadline;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.failure.LineBudget;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ModelLoads;
import io.onnxfleet.gateway.load.ReplicaLoad;
import io.onnxfleet.gateway.suspect.Passage;
import io.onnxfleet.gateway.suspect.RunRequest;
import io.onnxfleet.gateway.suspect.Suspects;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.http.HttpHeaders;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * One request on its way through {@link Forwarding}. Its tries run in lanes: one after another
 * within a lane, and a further lane beside the first where that is not heard of. The first lane
 * that has an answer claims the client; the others are cancelled.
 *
 * <p>Lanes run on the event loops of their connections. What they share is guarded by this object's
 * monitor; nothing outside is called under it but the balancer and the suspects.
 */
final class ForwardedCall {

  private static final Logger LOGGER = LoggerFactory.getLogger(ForwardedCall.class);

  /** Lines a second, of all requests. */
  private static final LineBudget FAILED_TRIES = new LineBudget(20);

  /** A request is never with more replicas at once than with one and one other. */
  private static final int MOST_LANES = 2;

  private static final int TOO_MANY_REQUESTS = 429;

  /** How long a replica that refused for want of room is no alternative. */
  private static final Duration FULL_FOR = Duration.ofMillis(100);

  private final Forwarding way;
  private final Call call;
  private final ModelReference model;
  private final RequestBody body;
  private final MonoSink<Void> client;
  private final ModelLoads loads;

  /** Only inference says something of a replica's latency. */
  private final boolean isInference;

  /** Null for a question about the model, which runs nothing. */
  private final @Nullable RunRequest run;

  @GuardedBy("this")
  private final Set<String> tried = new HashSet<>();

  /** Replicas whose tries have not ended, which are no alternative to each other. */
  @GuardedBy("this")
  private final List<String> underWay = new ArrayList<>(MOST_LANES);

  @GuardedBy("this")
  private final List<Lane> lanes = new ArrayList<>(1);

  /** Replicas that got the request and have not answered: at it, or dead. */
  @GuardedBy("this")
  private final Map<String, Exposure> exposed = new LinkedHashMap<>();

  /** Whether it went on, or is about to, to another one beside those. */
  @GuardedBy("this")
  private boolean sentOn;

  @GuardedBy("this")
  private int tries;

  @GuardedBy("this")
  private boolean wentElsewhere;

  @GuardedBy("this")
  private @Nullable String stale;

  @GuardedBy("this")
  private @Nullable ReplicaFailure last;

  @GuardedBy("this")
  private @Nullable Lane winner;

  @GuardedBy("this")
  private boolean over;

  /** A replica that has the request. */
  private record Exposure(Replica replica, Suspects.Hold hold) {}

  ForwardedCall(
      Forwarding way, Call call, ModelReference model, RequestBody body, MonoSink<Void> client) {
    this.way = way;
    this.call = call;
    this.model = model;
    this.body = body;
    this.client = client;
    this.loads = way.loads().of(model.name());
    this.isInference = call.runsModel();
    this.run = isInference ? run() : null;
  }

  private RunRequest run() {
    boolean isEncoded = call.head().headers().getFirst(HttpHeaders.CONTENT_ENCODING) != null;
    return switch (body) {
      case RequestBody.Kept kept ->
          new RunRequest(model, kept.bytes().length, isEncoded, kept.bytes());
      case RequestBody.Held held -> new RunRequest(model, held.length(), isEncoded, null);
      case RequestBody.Streamed streamed ->
          // Of an unknown length is known that it is more than is kept.
          new RunRequest(
              model,
              streamed.length() >= 0
                  ? streamed.length()
                  : way.properties().replayLimit().toBytes() + 1,
              isEncoded,
              null);
    };
  }

  void begin() {
    way.budget().requestBegan(model.name());
    client.onDispose(this::cancel);
    startLane();
  }

  private void startLane() {
    Lane lane = new Lane();
    synchronized (this) {
      if (over || winner != null) {
        return;
      }
      lanes.add(lane);
    }
    lane.next().subscribe(lane);
  }

  private void cancel() {
    List<Lane> open;
    synchronized (this) {
      over = true;
      open = List.copyOf(lanes);
      lanes.clear();
      letGo();
    }
    open.forEach(Disposable::dispose);
  }

  /** The lane ended: the request is over if it had claimed the client, or was the last one. */
  private void ended(Lane lane, @Nullable Throwable failure) {
    synchronized (this) {
      lanes.remove(lane);
      boolean decides = failure == null || winner == lane || (winner == null && lanes.isEmpty());
      if (over || !decides) {
        return;
      }
      over = true;
      letGo();
    }
    if (failure == null) {
      client.success();
    } else {
      client.error(failure);
    }
  }

  private boolean claim(Lane lane) {
    List<Lane> others;
    synchronized (this) {
      if (over || (winner != null && winner != lane)) {
        return false;
      }
      winner = lane;
      lanes.remove(lane);
      others = List.copyOf(lanes);
      lanes.clear();
      lanes.add(lane);
    }
    others.forEach(Disposable::dispose);
    return true;
  }

  /** Takes the replica for a try, until {@link #isFree}. */
  private synchronized @Nullable Replica take() {
    Replica replica = choose();
    if (replica != null) {
      underWay.add(replica.id());
    }
    return replica;
  }

  private synchronized void isFree(Replica replica) {
    underWay.remove(replica.id());
  }

  @GuardedBy("this")
  private @Nullable Replica choose() {
    Set<String> excluded = tried;
    if (!underWay.isEmpty()) {
      excluded = new HashSet<>(tried);
      excluded.addAll(underWay);
    }
    if (stale == null) {
      return choose(excluded);
    }
    Set<String> others = new HashSet<>(excluded);
    others.add(stale);
    Replica other = choose(others);
    return other == null ? choose(excluded) : other;
  }

  private @Nullable Replica choose(Set<String> excluded) {
    Replica replica = way.balancer().choose(new ReplicaRequest(model, excluded));
    return replica == null || run == null || way.suspects().passage(replica, run, excluded).isOpen()
        ? replica
        : chooseAmongOpen(run, excluded);
  }

  /**
   * Chooses among the replicas that may get what others may not.
   *
   * @throws GatewayException if none may
   */
  private @Nullable Replica chooseAmongOpen(RunRequest run, Set<String> excluded) {
    Set<String> open = new HashSet<>();
    Passage.Closed closed = null;
    Fleet now = way.fleet().get();
    for (List<Replica> all : List.of(now.serving(model), now.vanishedServing(model))) {
      for (Replica replica : all) {
        Passage passage = way.suspects().passage(replica, run, excluded);
        if (passage.isOpen()) {
          open.add(replica.id());
        } else if (passage instanceof Passage.Closed none) {
          closed = none;
        }
      }
    }
    if (open.isEmpty() && closed != null) {
      throw way.suspects().closed(closed);
    }
    return way.balancer().choose(new ReplicaRequest(model, excluded, open));
  }

  /** Takes the right to send to one more replica. */
  private synchronized boolean takeSendingOn() {
    if (run == null || exposed.isEmpty()) {
      return true;
    }
    Replica first = exposed.values().iterator().next().replica();
    if (sentOn || !way.suspects().vouchesFor(first, run)) {
      return false;
    }
    sentOn = true;
    return true;
  }

  /** Whether the request may be sent there still: its like may have gone elsewhere meanwhile. */
  private boolean exposes(Replica replica) {
    if (run == null) {
      return true;
    }
    Suspects.Hold hold = way.suspects().hold(replica, run);
    if (hold == null) {
      return false;
    }
    synchronized (this) {
      if (!over) {
        exposed.put(replica.id(), new Exposure(replica, hold));
        return true;
      }
    }
    hold.close();
    return true;
  }

  /** The replica has not got the request, or is done with it. */
  private synchronized void isDone(Replica replica) {
    Exposure exposure = exposed.remove(replica.id());
    if (exposure != null) {
      exposure.hold().close();
    }
    sentOn = exposed.size() > 1;
  }

  /** It is known what became of it there; it stays exposed to it. */
  private synchronized void letGo(Replica replica) {
    Exposure exposure = exposed.get(replica.id());
    if (exposure != null) {
      exposure.hold().close();
    }
  }

  /** It is known what became of the request, or nobody waits for it any more. */
  private synchronized void letGo() {
    exposed.values().forEach(exposure -> exposure.hold().close());
  }

  /** What the client is told of a request that nobody else gets. */
  private GatewayException notSentOn(Replica replica) {
    return run == null || way.suspects().vouchesFor(replica, run)
        ? exhausted()
        : way.suspects().notSentOn(replica, run);
  }

  /** Whether a replica that was not asked yet could take the request. */
  private synchronized boolean hasRoomElsewhere(String asked) {
    Set<String> excluded = new HashSet<>(tried);
    excluded.add(asked);
    return way.balancer().hasRoom(new ReplicaRequest(model, excluded));
  }

  /** Whether a replica that is well has the request too, and may answer it still. */
  private synchronized boolean isBesideAnother(Replica replica) {
    for (String other : underWay) {
      if (!other.equals(replica.id()) && !way.ejected().isEjected(other)) {
        return true;
      }
    }
    return false;
  }

  private synchronized int countTry() {
    return ++tries;
  }

  private void failed(Replica replica, ReplicaFailure failure) {
    int number;
    synchronized (this) {
      last = failure;
      number = tries;
      switch (failure.reason()) {
        case REFUSED, RESET, CUT, CLOSED -> {
          tried.add(replica.id());
          way.ejected().eject(replica.id());
        }
        case DRAINING -> {
          tried.add(replica.id());
          way.ejected().eject(replica.id());
          way.suspects().leaves(replica);
        }
        case SATURATED, FULL, LATE -> tried.add(replica.id());
        case STALE -> {
          if (stale != null) {
            tried.add(replica.id());
            way.ejected().eject(replica.id());
          }
          stale = replica.id();
        }
      }
    }
    long unlisted = FAILED_TRIES.take(way.nanoClock().getAsLong());
    if (unlisted < 0) {
      return;
    }
    LOGGER
        .atLevel(failure.reason().isOfLoad() ? Level.DEBUG : Level.WARN)
        .log(
            "try {} for model {} failed, {}: {} (request={}, {} more are not listed)",
            number,
            model,
            failure.reason().tag(),
            failure.getMessage(),
            call.trace().requestId(),
            unlisted);
  }

  private synchronized GatewayException exhausted() {
    ReplicaFailure failure = last;
    if (failure == null) {
      return new GatewayException(
          ErrorCode.MODEL_NOT_READY, "model '" + model + "' is not ready on any replica");
    }
    if (failure.reason() == ReplicaFailure.Reason.SATURATED) {
      return new GatewayException(
          ErrorCode.REPLICAS_SATURATED,
          "every connection to the replicas of model '" + model + "' is in use");
    }
    if (failure.reason() == ReplicaFailure.Reason.FULL) {
      return new GatewayException(
          ErrorCode.REPLICAS_SATURATED,
          "the replicas of model '" + model + "' have no room for it");
    }
    return new GatewayException(
        ErrorCode.NO_REPLICA,
        "model '%s': no replica answered in %d %s"
            .formatted(model, tries, tries == 1 ? "try" : "tries"));
  }

  private int peers() {
    return way.fleet().get().serving(model).size();
  }

  /** Tries one after another. Its signals come one at a time. */
  private final class Lane extends BaseSubscriber<Void> {

    Mono<Void> next() {
      return Mono.defer(
          () -> {
            Replica replica = take();
            return replica == null
                ? Mono.error(exhausted())
                : ask(replica)
                    .onErrorResume(ReplicaFailure.class, failure -> judged(replica, failure));
          });
    }

    private Mono<Void> ask(Replica replica) {
      Duration remaining = call.deadline().remaining(way.nanoClock().getAsLong());
      if (remaining.isZero()) {
        isFree(replica);
        return Mono.error(Deadline.passed());
      }
      if (!exposes(replica)) {
        isFree(replica);
        return Mono.error(
            new GatewayException(
                ErrorCode.MODEL_ON_PROBATION,
                "model '%s': the first requests of this size are under way at another replica"
                    .formatted(model)));
      }
      call.trace().tried(replica.id(), countTry());
      // The counts fall before the end is told, so that a next try finds them right.
      return Mono.using(
          () -> new Attempt(this, replica, remaining),
          attempt ->
              way.replicas()
                  .send(replica, call, body, remaining, attempt)
                  .doOnSuccess(nothing -> attempt.answered())
                  .doOnError(failure -> attempt.broke()),
          Attempt::close);
    }

    /**
     * A connection may have been too old, or a busy replica has closed it before it read anything:
     * then the replica lives, and says so.
     */
    private Mono<Void> judged(Replica replica, ReplicaFailure failure) {
      if (run == null || !failure.reason().leavesExposed()) {
        return after(replica, failure, false);
      }
      return way.life()
          .apply(replica)
          .flatMap(
              lives ->
                  after(
                      replica,
                      new ReplicaFailure(
                          lives ? ReplicaFailure.Reason.STALE : ReplicaFailure.Reason.RESET,
                          String.valueOf(failure.getMessage())),
                      lives));
    }

    private Mono<Void> after(Replica replica, ReplicaFailure failure, boolean lives) {
      ReplicaFailure.Reason reason = failure.reason();
      failed(replica, failure);
      boolean isDeath = false;
      if (run != null && reason == ReplicaFailure.Reason.RESET) {
        isDeath = true;
        way.suspects().died(replica, run);
        letGo(replica);
      }
      if (lives || !reason.leavesExposed()) {
        isDone(replica);
      }
      boolean sendable = body.isReplayable() || reason.leftBodyUntouched();
      int before = tries();
      boolean isLeftToAnother = reason == ReplicaFailure.Reason.FULL && isBesideAnother(replica);
      if (reason == ReplicaFailure.Reason.LATE || isLeftToAnother) {
        return Mono.error(exhausted());
      }
      if (!sendable || before >= way.properties().maxTries() || !takeSendingOn()) {
        return Mono.error(isDeath ? notSentOn(replica) : exhausted());
      }
      if (reason.costsMore() && !way.budget().tryTake(model.name())) {
        return Mono.error(exhausted());
      }
      if (isDeath) {
        way.suspects().sentOn();
      }
      way.metrics().retried(reason.tag());
      if (before < 2) {
        return next();
      }
      Duration pause = way.properties().retryBackoff().multipliedBy(1L << Math.min(before - 2, 10));
      return pause.isZero() ? next() : Mono.delay(pause).then(next());
    }

    @Override
    protected void hookOnComplete() {
      ended(this, null);
    }

    @Override
    protected void hookOnError(Throwable failure) {
      ended(this, failure);
    }
  }

  private synchronized int tries() {
    return tries;
  }

  /** One try while it is under way. Closed once, by whichever thread ends it. */
  private final class Attempt implements AnswerGate, AutoCloseable {

    private final Lane lane;
    private final Replica replica;
    private final InFlightRequests.Lease lease;
    private final ReplicaLoad.Call load;
    private volatile int status;
    private volatile boolean broken;
    private volatile @Nullable Timeout waiting;

    Attempt(Lane lane, Replica replica, Duration remaining) {
      this.lane = lane;
      this.replica = replica;
      this.lease = way.inFlight().begin(replica.id());
      long now = way.nanoClock().getAsLong();
      this.load = loads.of(replica.id(), now).begin(now);
      if (body.isReplayable() && peers() > 1) {
        startWaiting(way.delay().beforeAnother(model.name(), loads, remaining));
      }
    }

    private void startWaiting(long nanos) {
      waiting = way.timer().newTimeout(this::silent, nanos, TimeUnit.NANOSECONDS);
    }

    /** Nothing came for a while: another lane begins, and the replica may count as stuck. */
    private void silent(Timeout timeout) {
      long now = way.nanoClock().getAsLong();
      long waited = now - load.startNanos();
      boolean begins;
      synchronized (ForwardedCall.this) {
        if (over || winner != null) {
          return;
        }
        tried.add(replica.id());
        begins = lanes.size() < MOST_LANES && tries < way.properties().maxTries();
      }
      long stuckAfter = way.delay().beforeStuck(loads);
      if (waited >= stuckAfter) {
        if (isMuteSince(load.startNanos())
            && way.ejected().ejectUnlessTooMany(replica.id(), peers())) {
          LOGGER.warn(
              "{} is left out: nothing heard of it for {} ms", replica.id(), waited / 1_000_000);
        }
      } else {
        startWaiting(stuckAfter - waited);
      }
      if (begins
          && hasRoomElsewhere(replica.id())
          && takeSendingOn()
          && way.budget().tryTake(model.name())) {
        way.metrics().retried(waited >= stuckAfter ? "stuck" : "hedged");
        startLane();
      }
    }

    private boolean isMuteSince(long start) {
      return load.load().heardAt() - start <= 0;
    }

    @Override
    public void reported(LoadReport report) {
      load.reported(report, way.nanoClock().getAsLong());
    }

    @Override
    public boolean goesElsewhere(int refusal) {
      long now = way.nanoClock().getAsLong();
      load.load().refusedFor(FULL_FOR, now);
      if (isBesideAnother(replica)) {
        return true;
      }
      synchronized (ForwardedCall.this) {
        if (wentElsewhere || tries >= way.properties().maxTries()) {
          return false;
        }
      }
      if (refusal == TOO_MANY_REQUESTS && run != null && run.isEncoded()) {
        // What it takes is known to the replica that inflated it; the next one would do the same.
        return false;
      }
      // Others like it wait there, and none of them has been answered: it stays with them.
      boolean isUncharted =
          run != null && way.suspects().passage(replica, run, Set.of()) instanceof Passage.OnlyHere;
      if ((isUncharted && refusal == TOO_MANY_REQUESTS)
          || !hasRoomElsewhere(replica.id())
          || !way.budget().tryTake(model.name())) {
        return false;
      }
      synchronized (ForwardedCall.this) {
        wentElsewhere = true;
      }
      return true;
    }

    @Override
    public boolean claims(int answered) {
      status = answered;
      isDone(replica);
      if (run != null) {
        way.suspects().answered(replica, run, answered < 300);
      }
      return claim(lane);
    }

    void answered() {
      long now = way.nanoClock().getAsLong();
      if (status < 400) {
        way.ejected().answered(replica.id(), load.startNanos());
        if (isInference) {
          load.answered(now);
          way.outliers().look(model.name(), way.fleet().get().serving(model));
        }
      } else if (status == 500) {
        way.ejected().erred(replica.id(), peers());
      }
    }

    void broke() {
      broken = true;
    }

    @Override
    public void close() {
      long now = way.nanoClock().getAsLong();
      Timeout timeout = waiting;
      if (timeout != null) {
        timeout.cancel();
      }
      if (isInference && status == 0 && !broken) {
        load.gaveUp(now);
      } else {
        load.ended();
      }
      lease.close();
      isFree(replica);
      way.metrics().tryEnded(model.name(), now - load.startNanos());
    }
  }
}
