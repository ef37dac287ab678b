package io.onnxfleet.gateway.load;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.contract.fleet.LoadReport;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What this gateway knows of one replica's load by one model: its own requests in flight, the
 * replica's last report, and the latency of late. Safe for use by many threads.
 *
 * <pre>
 * in flight there = report's + own now - own at the report
 *                   (own now + what others usually have there, where the report is too old)
 * time per place  = latency / (in flight there when sent + 1), averaged; rises are taken faster
 * estimate        = max(time per place * (in flight there + 1), reported queue + time per place)
 * </pre>
 *
 * <p>The estimate is linear in the requests in flight, which is right where work is done one after
 * the other and too careful where batches make it cheaper; either way it is right around the load
 * that the replica has. The peak-sensitive average is Finagle's ("peak EWMA"). What is known of a
 * replica that has not been asked for a while returns to the model's average, so that one that was
 * slow is tried again. A replica's first answers, which come while it still compiles, say little of
 * those that follow: where they are slower than the model's average they are mixed with it, and
 * {@link #estimateNanosBeside} leaves out what compiling may cost, less and less as answers come.
 * Otherwise it would stay cold for want of requests where there is little to do.
 */
public final class ReplicaLoad {

  private static final double RISE_NANOS = Duration.ofMillis(500).toNanos();
  private static final double FALL_NANOS = Duration.ofSeconds(1).toNanos();
  private static final double LEAST_WEIGHT = 0.02;
  private static final long FORGET_AFTER = Duration.ofSeconds(1).toNanos();

  /** The model's average weighs as much as that many answers of the replica's own. */
  private static final double FIRST_SAMPLES = 8;

  /** Until so many answers in all a replica may still be compiling. */
  private static final int NEW_ANSWERS = 200;

  /** As much as compiling may cost an answer. */
  private static final double COMPILING_NANOS = Duration.ofMillis(20).toNanos();

  /** The first answers of all: each is nearer to what follows than those before it. */
  private static final int FIRST_ANSWERS = 16;

  private static final double FIRST_WEIGHT = 0.5;

  private static final double FORGET_NANOS = Duration.ofSeconds(4).toNanos();

  private record Report(LoadReport content, int ownInFlight, long atNanos, AtomicInteger uses) {}

  /** Immutable, so that readers need no lock. */
  private record Latency(double perPlace, long atNanos, int samples, int answers) {}

  private final String replica;
  private final ModelLoads model;
  private final AtomicInteger inFlight = new AtomicInteger();
  private volatile @Nullable Report report;
  private volatile @Nullable Latency latency;
  private volatile long fullUntil;
  private volatile boolean full;
  private volatile long probedAt;
  private volatile boolean probed;
  private volatile long heardAt;

  /** Where the replica stood in the list of candidates that it was last drawn from. */
  private volatile int index = -1;

  @GuardedBy("this")
  private int samples;

  ReplicaLoad(String replica, ModelLoads model, long now) {
    this.replica = replica;
    this.model = model;
    this.heardAt = now;
  }

  public String replica() {
    return replica;
  }

  int ownInFlight() {
    return inFlight.get();
  }

  /** Counts a request that goes there now. */
  public Call begin(long now) {
    int there = inFlightThere(now);
    inFlight.incrementAndGet();
    Report last = report;
    if (last != null) {
      last.uses.incrementAndGet();
    }
    return new Call(there, now);
  }

  /** Requests under way at the replica, of all callers as far as a fresh report tells. */
  public int inFlightThere(long now) {
    int own = inFlight.get();
    Report last = freshReport(now);
    return last == null
        ? own + model.othersInFlight()
        : Math.max(own, last.content.inFlight() + own - last.ownInFlight);
  }

  /** How long an answer would take that is asked for now. */
  public long estimateNanos(long now) {
    return estimateNanos(perPlaceNanos(now), now);
  }

  /**
   * The same, less what compiling may have cost, as far as that is more than {@code quickest}: what
   * others take for each request that is there. Of a replica that has not answered yet nothing is
   * known, and so nothing speaks against it.
   */
  public long estimateNanosBeside(double quickest, long now) {
    double perPlace = perPlaceNanos(now);
    Latency known = latency;
    double warm = known == null ? 0 : (double) known.answers / NEW_ANSWERS;
    double most = known == null ? perPlace : COMPILING_NANOS;
    double compiling = Math.clamp(perPlace - quickest, 0, most * (1 - warm * warm));
    return estimateNanos(perPlace - compiling, now);
  }

  private long estimateNanos(double perPlace, long now) {
    double byLatency = perPlace * (inFlightThere(now) + 1);
    Report last = freshReport(now);
    double byQueue = last == null ? 0 : last.content.queueNanos() + perPlace;
    return (long) Math.max(byLatency, byQueue);
  }

  public boolean hasFreshReport(long now) {
    return freshReport(now) != null;
  }

  /** The average of late, drawn to the model's as it ages. */
  public double perPlaceNanos(long now) {
    Latency known = latency;
    double usual = model.perPlaceNanos();
    if (known == null) {
      return usual;
    }
    double weight = known.perPlace > usual ? known.samples / (known.samples + FIRST_SAMPLES) : 1;
    long age = now - known.atNanos;
    if (age > FORGET_AFTER) {
      weight *= Math.exp(-(age - FORGET_AFTER) / FORGET_NANOS);
    }
    return usual + (known.perPlace - usual) * weight;
  }

  /** By how much answers may be slower than others' for no lasting reason. */
  public double compilingNanos() {
    Latency known = latency;
    return known == null || known.answers < NEW_ANSWERS ? COMPILING_NANOS : 0;
  }

  /** How many answers came since the last new start. */
  public int samples() {
    Latency known = latency;
    return known == null ? 0 : known.samples;
  }

  /** When the replica last said anything, a failure excepted. */
  public long heardAt() {
    return heardAt;
  }

  /** What it said without being asked to answer a request, or with an answer to another one. */
  public void reported(LoadReport content, long now) {
    reported(content, inFlight.get(), now);
  }

  private void reported(LoadReport content, int ownInFlight, long now) {
    heardAt = now;
    report = new Report(content, ownInFlight, now, new AtomicInteger());
    model.reported(this, content.inFlight() - ownInFlight);
  }

  /** It refused for want of room; it is no alternative until then. */
  public void refusedFor(Duration time, long now) {
    fullUntil = now + time.toNanos();
    full = true;
  }

  public boolean isFull(long now) {
    if (full && now - fullUntil >= 0) {
      full = false;
    }
    return full;
  }

  /** Counts the samples anew; what they said so far stands until others come. */
  public synchronized void startAnew() {
    samples = 0;
    Latency known = latency;
    if (known != null) {
      latency = new Latency(known.perPlace, known.atNanos, 0, known.answers);
    }
  }

  /** Whether to ask the replica for its load now; whoever is told so asks. */
  public boolean takeProbe(long now, long intervalNanos) {
    if (probed && now - probedAt < intervalNanos) {
      return false;
    }
    probedAt = now;
    probed = true;
    return true;
  }

  public int index() {
    return index;
  }

  public void drawnAt(int place) {
    index = place;
  }

  private @Nullable Report freshReport(long now) {
    Report last = report;
    return last == null
            || now - last.atNanos > model.reportAgeNanos()
            || last.uses.get() > model.reportUses()
        ? null
        : last;
  }

  /**
   * Learns from one answer.
   *
   * @param answers as how many it counts in telling whether the replica is new
   */
  private synchronized void observe(long nanos, int placesBefore, int answers, long now) {
    double sample = (double) nanos / (placesBefore + 1);
    Latency known = latency;
    double next;
    if (known == null) {
      next = sample;
    } else {
      double last = known.perPlace;
      double constant = sample > last ? RISE_NANOS : FALL_NANOS;
      double least = known.answers < FIRST_ANSWERS ? FIRST_WEIGHT : LEAST_WEIGHT;
      double weight = Math.max(least, 1 - Math.exp((known.atNanos - now) / constant));
      next = last + (sample - last) * weight;
    }
    samples++;
    int before = known == null ? 0 : known.answers;
    latency = new Latency(next, now, samples, Math.min(before + answers, NEW_ANSWERS));
    model.observe(sample);
  }

  /** One request under way. Ends once, however it ends. */
  public final class Call {

    private final int placesBefore;
    private final long startNanos;
    private final AtomicInteger open = new AtomicInteger(1);

    private Call(int placesBefore, long startNanos) {
      this.placesBefore = placesBefore;
      this.startNanos = startNanos;
    }

    public ReplicaLoad load() {
      return ReplicaLoad.this;
    }

    public long startNanos() {
      return startNanos;
    }

    /** The answer began, with a report that does not count this request. */
    public void reported(LoadReport content, long now) {
      ReplicaLoad.this.reported(content, Math.max(0, inFlight.get() - open.get()), now);
    }

    /** The answer is complete. */
    public void answered(long now) {
      if (end()) {
        heardAt = now;
        observe(now - startNanos, placesBefore, 1, now);
        model.answered(now - startNanos, now);
      }
    }

    /** No answer was waited for any longer: it would have taken at least this long. */
    public void gaveUp(long now) {
      if (end()) {
        double atLeast = (double) (now - startNanos) / (placesBefore + 1);
        if (atLeast > perPlaceNanos(now)) {
          // Compiling does not take that long: the replica is no longer excused as new.
          observe(now - startNanos, placesBefore, NEW_ANSWERS, now);
        }
      }
    }

    /** It failed, or was cancelled by the client: nothing is learnt of the latency. */
    public void ended() {
      end();
    }

    private boolean end() {
      if (open.compareAndSet(1, 0)) {
        inFlight.decrementAndGet();
        return true;
      }
      return false;
    }
  }
}
