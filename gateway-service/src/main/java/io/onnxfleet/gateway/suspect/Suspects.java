package io.onnxfleet.gateway.suspect;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelContent;
import io.onnxfleet.gateway.fleet.Replica;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * What may be known from outside of a request that ends processes?
 *
 * A model is what its bytes are, so all is noted by content. A request no larger than one that this
 * content has answered is ordinary: it may go anywhere. A larger one, the first of all included, is
 * uncharted: those of one content go to one replica, the same one at every gateway (rendezvous
 * hashing, Thaler and Ravishankar, 1998), until one is answered. So of a hundred first requests at
 * once that end processes, one process ends.
 *
 * Most deaths are kills, evictions and lost nodes. A request that was under way at one is innocent
 * by far the most often where its content has answered many; then it goes on, once. Where it has
 * not, nothing speaks for it, and the client is told so. Uncharted requests are then on probation:
 * a process that came after the death gets them, or, after a pause that doubles with each death,
 * one of the others, never the last healthy replica. An ordinary body that was under way at two
 * deaths, or of a content that has answered few requests, is on probation by itself, so that one
 * poisonous request takes nothing away from others. An answer ends either.
 */
/**
 * Which requests may go to which replicas, after what this gateway saw them end.
 *
 * <ul>
 *   <li>Requests larger than any that the content has answered go to one replica.
 *   <li>A request that was under way at a death goes on to at most one other replica, and only if
 *       its content has answered {@value #VOUCHING_ANSWERS} requests, one at least as large.
 *   <li>What was under way at a death and was not answered since is on probation.
 * </ul>
 *
 * <p>This gateway's own knowledge: another one learns by a death of its own, or from a replica's
 * quarantine. Safe for use by many threads; never blocks. Bounded: {@value #MOST_RECORDS} contents
 * beside those of the fleet, {@value ContentRecord#MOST_BODIES} suspect bodies of each, by digest.
 */
public final class Suspects {

  static final int VOUCHING_ANSWERS = 100;
  static final int MOST_RECORDS = 4096;

  private static final Logger LOGGER = LoggerFactory.getLogger(Suspects.class);
  private static final int MOST_COUNTED = 1024;
  private static final Passage FREE = new Passage.Free();
  private static final Passage ONLY_HERE = new Passage.OnlyHere();
  private static final Passage ELSEWHERE = new Passage.Elsewhere();

  /** A single body is suspected no longer. */
  private static final Duration SUSPECTED_FOR = Duration.ofMinutes(10);

  private final Supplier<Fleet> fleet;
  private final Predicate<String> isEjected;
  private final SuspectMetrics metrics;
  private final LongSupplier nanoClock;
  private final Map<ModelContent, ContentRecord> records = new ConcurrentHashMap<>();
  private volatile Set<String> present = Set.of();

  @GuardedBy("counted")
  private final Set<String> counted = new LinkedHashSet<>();

  @GuardedBy("leaving")
  private final Set<String> leaving = new LinkedHashSet<>();

  /**
   * Knows nothing yet.
   *
   * @param isEjected whether the replica of that id failed a moment ago
   */
  Suspects(
      Supplier<Fleet> fleet,
      Predicate<String> isEjected,
      SuspectMetrics metrics,
      LongSupplier nanoClock) {
    this.fleet = fleet;
    this.isEjected = isEjected;
    this.metrics = metrics;
    this.nanoClock = nanoClock;
    metrics.counts(
        () -> records.values().stream().filter(record -> record.probation() != null).count(),
        () -> fleet.get().quarantined().size());
  }

  /** The fleet changed. */
  void update(Fleet now) {
    Set<String> processes = new HashSet<>();
    Set<ModelContent> contents = new HashSet<>();
    for (Replica replica : all(now)) {
      processes.add(replica.process());
      contents.addAll(replica.contents());
    }
    present = Set.copyOf(processes);
    if (records.size() > MOST_RECORDS + contents.size()) {
      records.keySet().retainAll(contents);
    }
    long recently = nanoClock.getAsLong() - SUSPECTED_FOR.toNanos();
    for (ContentRecord record : records.values()) {
      if (record.hasSuspects()) {
        record.acquitBefore(recently);
      }
    }
  }

  /**
   * Whether the replica may get the request.
   *
   * @param excluded the ids of replicas that cannot get it for other reasons
   */
  public Passage passage(Replica replica, RunRequest request, Set<String> excluded) {
    ModelContent content = replica.contentOf(request.model());
    if (content == null) {
      // It has no such version and will say so.
      return FREE;
    }
    ContentRecord record = records.get(content);
    if (record != null && record.covers(request)) {
      Probation probation = probationOfBody(content, record, request);
      return probation == null ? FREE : onProbation(replica, content, request, probation, excluded);
    }
    String holder = record == null ? null : record.holder();
    if (holder != null && (isEjected.test(holder) || excluded.contains(holder))) {
      return new Passage.Closed(
          "model '%s', version %s: requests larger than any that it has answered are under way at %s, which cannot be reached; no other replica gets any before it is known what became of them"
              .formatted(content.name(), content.version(), holder),
          1);
    }
    Probation probation = record == null ? null : record.probation();
    if (probation != null) {
      return onProbation(replica, content, request, probation, excluded);
    }
    if (holder != null) {
      return holder.equals(replica.id()) ? ONLY_HERE : ELSEWHERE;
    }
    return isThe(first(servingIfAny(content, request, excluded), content), replica);
  }

  private static @Nullable Probation probationOfBody(
      ModelContent content, ContentRecord record, RunRequest request) {
    if (!record.hasSuspects()) {
      return null;
    }
    String body = request.key(content);
    Probation suspect = body == null ? null : record.suspect(body);
    boolean mayPass =
        suspect == null || (suspect.deaths() == 1 && record.answers() >= VOUCHING_ANSWERS);
    return mayPass ? null : suspect;
  }

  private Passage onProbation(
      Replica replica,
      ModelContent content,
      RunRequest request,
      Probation probation,
      Set<String> excluded) {
    List<Replica> healthy =
        fleet.get().registered().stream().filter(each -> !isEjected.test(each.id())).toList();
    if (healthy.size() <= 1) {
      boolean isNew = healthy.size() == 1 && probation.precedes(healthy.getFirst().process());
      if (!(isNew && probation.wasAlone())) {
        return new Passage.Closed(
            reason(content, probation) + "; it is not tried on the last healthy replica", 0);
      }
    }
    List<Replica> serving =
        healthy.stream()
            .filter(each -> content.equals(each.contentOf(request.model())))
            .filter(each -> !excluded.contains(each.id()))
            .toList();
    List<Replica> later =
        serving.stream().filter(each -> probation.precedes(each.process())).toList();
    if (!later.isEmpty()) {
      return isThe(first(later, content), replica);
    }
    long remaining = probation.remainingNanos(nanoClock.getAsLong());
    if (remaining > 0 || serving.isEmpty()) {
      long seconds = Math.max(1, TimeUnit.NANOSECONDS.toSeconds(remaining + 999_999_999));
      return new Passage.Closed(
          reason(content, probation) + "; one replica is tried in %d s".formatted(seconds),
          seconds);
    }
    return isThe(first(serving, content), replica);
  }

  private static String reason(ModelContent content, Probation probation) {
    return "model '%s', version %s, is on probation: %s while requests like this were under way, and none has been answered"
        .formatted(
            content.name(),
            content.version(),
            probation.deaths() == 1
                ? "a replica died"
                : "replicas died " + probation.deaths() + " times");
  }

  private static Passage isThe(@Nullable Replica chosen, Replica replica) {
    return chosen != null && chosen.id().equals(replica.id()) ? ONLY_HERE : ELSEWHERE;
  }

  /** Those that did not fail a moment ago, or all where each did. */
  private List<Replica> servingIfAny(
      ModelContent content, RunRequest request, Set<String> excluded) {
    Fleet now = fleet.get();
    List<Replica> registered = now.serving(request.model());
    List<Replica> serving =
        (registered.isEmpty() ? now.vanishedServing(request.model()) : registered)
            .stream()
                .filter(each -> content.equals(each.contentOf(request.model())))
                .filter(each -> !excluded.contains(each.id()))
                .toList();
    List<Replica> well = serving.stream().filter(each -> !isEjected.test(each.id())).toList();
    return well.isEmpty() ? serving : well;
  }

  /** The same one at every gateway that sees the same replicas. */
  private static @Nullable Replica first(List<Replica> replicas, ModelContent content) {
    Replica first = null;
    long best = 0;
    for (Replica replica : replicas) {
      long weight = mixed((content + "|" + replica.id()).hashCode());
      if (first == null || weight > best) {
        first = replica;
        best = weight;
      }
    }
    return first;
  }

  private static long mixed(long hash) {
    long mixed = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    return ((mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L) >>> 1;
  }

  /** A request that is under way where no other replica may have its like. */
  public static final class Hold implements AutoCloseable {

    private static final Hold NONE = new Hold(null);

    private final @Nullable ContentRecord record;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Hold(@Nullable ContentRecord record) {
      this.record = record;
    }

    /** What became of the request is known, or nobody waits for it any more. */
    @Override
    public void close() {
      if (record != null && !closed.getAndSet(true)) {
        record.letGo();
      }
    }
  }

  /**
   * The request is about to be sent to the replica.
   *
   * @return null if it may not, because its like went to another one meanwhile
   */
  public @Nullable Hold hold(Replica replica, RunRequest request) {
    ModelContent content = replica.contentOf(request.model());
    if (content == null) {
      return Hold.NONE;
    }
    ContentRecord known = records.get(content);
    if (known != null && known.covers(request)) {
      return Hold.NONE;
    }
    ContentRecord record = recordOf(content);
    return record.tryHold(replica.id()) ? new Hold(record) : null;
  }

  /**
   * The replica answered the request.
   *
   * @param isSuccess whether it ran the model, and did not refuse
   */
  public void answered(Replica replica, RunRequest request, boolean isSuccess) {
    ModelContent content = replica.contentOf(request.model());
    if (content == null) {
      return;
    }
    ContentRecord record = records.get(content);
    if (record == null) {
      if (!isSuccess) {
        return;
      }
      record = recordOf(content);
    }
    if (isSuccess) {
      Probation ended = record.answered(request);
      if (ended != null) {
        LOGGER.info("{} has answered and is no longer on probation", content);
      }
      if (record.hasSuspects()) {
        String body = request.key(content);
        if (body != null) {
          record.acquit(body);
        }
      }
    }
  }

  /** The replica says that it goes away: connections that it closes from now on are no death. */
  public void leaves(Replica replica) {
    synchronized (leaving) {
      add(leaving, replica.process());
    }
  }

  private boolean isLeaving(Replica replica) {
    synchronized (leaving) {
      if (leaving.contains(replica.process())) {
        return true;
      }
    }
    List<Replica> registered = fleet.get().registered();
    return !registered.isEmpty()
        && registered.stream().noneMatch(each -> each.id().equals(replica.id()));
  }

  /** The replica broke off the request without an answer. */
  public void died(Replica replica, RunRequest request) {
    ModelContent content = replica.contentOf(request.model());
    if (content == null || isLeaving(replica)) {
      return;
    }
    String process = replica.process();
    boolean isNews;
    synchronized (counted) {
      isNews = add(counted, process);
    }
    if (isNews) {
      metrics.died();
      LOGGER.warn("{} died while it had a request for {}", replica, content);
    }
    ContentRecord record = recordOf(content);
    long now = nanoClock.getAsLong();
    if (record.covers(request)) {
      String body = request.key(content);
      if (body != null) {
        record.suspected(
            body, before -> Probation.after(before, process, request, withDead(process), now));
      }
      return;
    }
    boolean wasOn = record.probation() != null;
    Probation probation =
        record.onProbation(
            before -> Probation.after(before, process, request, withDead(process), now));
    if (!wasOn) {
      LOGGER.warn(
          "{} is on probation: {} died while it ran, and it has answered {} requests, the largest"
              + " of {} bytes (this one: {})",
          content,
          replica.id(),
          record.answers(),
          Math.max(0, record.largestAnswered(request)),
          request.size());
    } else {
      LOGGER.debug("{} stays on probation after {} deaths", content, probation.deaths());
    }
  }

  private Set<String> withDead(String process) {
    Set<String> now = present;
    if (now.contains(process)) {
      return now;
    }
    Set<String> all = new HashSet<>(now);
    all.add(process);
    return all;
  }

  /** Whether the request may go on to one other replica after this one had it. */
  public boolean vouchesFor(Replica replica, RunRequest request) {
    if (isLeaving(replica)) {
      return true;
    }
    ModelContent content = replica.contentOf(request.model());
    ContentRecord record = content == null ? null : records.get(content);
    return content != null
        && record != null
        && record.answers() >= VOUCHING_ANSWERS
        && record.covers(request)
        && probationOfBody(content, record, request) == null;
  }

  /** A request was not sent anywhere; counted here. */
  public GatewayException closed(Passage.Closed closed) {
    metrics.refusedOnProbation();
    return new GatewayException(
        ErrorCode.MODEL_ON_PROBATION, closed.reason(), closed.retryAfterSeconds());
  }

  /** A request was for what is in quarantine; counted here. */
  public GatewayException quarantined(ModelContent content) {
    metrics.refusedInQuarantine();
    return new GatewayException(ErrorCode.MODEL_QUARANTINED, quarantineReason(content), 0);
  }

  /** What the index says of a content in quarantine where no replica says it better. */
  public static String quarantineReason(ModelContent content) {
    return "model '%s', version %s, is in quarantine: it ended a process (content %s); load lifts it"
        .formatted(content.name(), content.version(), content.digest());
  }

  /** A request that was under way at a death goes nowhere else; counted here. */
  public GatewayException notSentOn(Replica replica, RunRequest request) {
    metrics.suspect(false);
    return new GatewayException(ErrorCode.SUSPECT_REQUEST, reasonAgainst(replica, request), 0);
  }

  /** Counts a request that was under way at a death and goes on. */
  public void sentOn() {
    metrics.suspect(true);
  }

  private String reasonAgainst(Replica replica, RunRequest request) {
    ModelContent content = replica.contentOf(request.model());
    ContentRecord record = content == null ? null : records.get(content);
    return "model '%s': %s died while it had this request, which may be the cause; it is not sent on,"
            .formatted(request.model(), replica.id())
        + " since this version has answered %d requests (expected: %d), the largest of %d bytes (expected: >= %d)"
            .formatted(
                record == null ? 0 : record.answers(),
                VOUCHING_ANSWERS,
                record == null ? 0 : Math.max(0, record.largestAnswered(request)),
                request.size());
  }

  /** Why a content is on probation; null if it is not. */
  public @Nullable String probationOf(ModelContent content) {
    ContentRecord record = records.get(content);
    Probation probation = record == null ? null : record.probation();
    return probation == null ? null : reason(content, probation);
  }

  /** An administrator had the model loaded: nothing is held against it any more. */
  public void lift(String model) {
    records.forEach(
        (content, record) -> {
          if (content.name().equals(model)) {
            record.lift();
          }
        });
    // Without a digest, what was loaded may be something else.
    records.keySet().removeIf(key -> key.name().equals(model) && key.digest().isEmpty());
  }

  /** How many contents something is known of. */
  int size() {
    return records.size();
  }

  private ContentRecord recordOf(ModelContent content) {
    ContentRecord known = records.get(content);
    return known != null ? known : records.computeIfAbsent(content, key -> new ContentRecord());
  }

  private static List<Replica> all(Fleet fleet) {
    return Stream.concat(fleet.registered().stream(), fleet.vanished().stream()).toList();
  }

  /** Whether it was not in there; the oldest goes where there are too many. */
  private static boolean add(Set<String> processes, String process) {
    boolean added = processes.add(process);
    if (processes.size() > MOST_COUNTED) {
      processes.remove(processes.iterator().next());
    }
    return added;
  }
}
