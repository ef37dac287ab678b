package io.onnxfleet.gateway.suspect;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.DefaultServiceInstance;

class SuspectsTest {

  private static final ModelReference MODEL = new ModelReference("m", null);

  private final AtomicLong clock = new AtomicLong();
  private final Set<String> leftOut = new HashSet<>();
  private final Map<String, Replica> fleet = new TreeMap<>();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private Fleet now = new Fleet(List.of(), List.of());
  private final Suspects suspects = suspects();

  private Suspects suspects() {
    return new Suspects(() -> now, leftOut::contains, new SuspectMetrics(meters), clock::get);
  }

  @Test
  void firstRequests_goToOneReplica_theSameAtEveryGateway_untilOneIsAnswered() {
    fleet("a", "b", "c", "d", "e");
    String pin = only(request("12"));
    assertThat(only(suspects(), request("12"))).isEqualTo(pin);

    suspects.answered(replica(pin), request("12"), false);
    assertThat(only(request("12"))).isEqualTo(pin);
    suspects.answered(replica(pin), request("12"), true);

    assertThat(open(request("12"))).hasSize(5);
    assertThat(open(request("1"))).hasSize(5);
    assertThat(only(request("123"))).isEqualTo(pin);
    assertThat(only(new RunRequest(MODEL, 2, true, null))).isEqualTo(pin);
  }

  @Test
  void contents_areSpread() {
    fleet("a", "b", "c");
    Set<String> pins = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      String model = "m" + i;
      fleet.replaceAll((id, replica) -> process(id, 1, model + ":1"));
      update();
      pins.add(only(new RunRequest(new ModelReference(model, null), 1, false, null)));
    }
    assertThat(pins).hasSize(3);
  }

  @Test
  void request_waitsForNoOtherReplica_whileItsLikeIsUnderWayAtOneThatCannotBeReached() {
    fleet("a", "b", "c");
    String pin = only(request("1"));
    Suspects.Hold hold = suspects.hold(replica(pin), request("1"));
    assertThat(hold).isNotNull();
    for (String other : Set.of("a", "b", "c")) {
      if (!other.equals(pin)) {
        assertThat(suspects.hold(replica(other), request("1"))).isNull();
      }
    }
    leftOut.add(pin);
    assertThat(closed(request("1")).reason()).contains("are under way at " + pin);

    hold.close();
    hold.close();
    assertThat(only(request("1"))).isNotEqualTo(pin);
  }

  @Test
  void onlyWhatAnsweredAHundred_oneAsLarge_isVouchedFor() {
    fleet("a", "b");
    for (int i = 0; i < 99; i++) {
      suspects.answered(replica("a"), request("12"), true);
    }
    assertThat(suspects.vouchesFor(replica("a"), request("12"))).isFalse();
    suspects.answered(replica("b"), request("12"), true);
    assertThat(suspects.vouchesFor(replica("a"), request("12"))).isTrue();
    assertThat(suspects.vouchesFor(replica("a"), request("123"))).isFalse();
  }

  @Test
  void whatNeverAnswered_isOnProbation_afterADeath() {
    fleet("a", "b", "c");
    String pin = only(request("1"));
    die(pin, request("1"));

    assertThat(closed(request("1")).retryAfterSeconds()).isEqualTo(30);
    assertThat(closed(request("larger")).reason()).contains("is on probation: a replica died");
    clock.addAndGet(Duration.ofSeconds(29).toNanos());
    assertThat(closed(request("1")).retryAfterSeconds()).isEqualTo(1);
    clock.addAndGet(Duration.ofSeconds(1).toNanos());
    String next = only(request("1"));
    assertThat(next).isNotEqualTo(pin);

    // It was not innocent: twice the pause, and never the last one.
    die(next, request("1"));
    clock.addAndGet(Duration.ofHours(2).toNanos());
    assertThat(closed(request("1")))
        .isEqualTo(
            new Passage.Closed(
                "model 'm', version 1, is on probation: replicas died 2 times while requests like"
                    + " this were under way, and none has been answered; it is not tried on the last"
                    + " healthy replica",
                0));
    assertThat(meters.get("fleet.gateway.probation").gauge().value()).isOne();
    assertThat(meters.get("fleet.gateway.replica.deaths").counter().count()).isEqualTo(2);
  }

  @Test
  void processThatCameAfterTheDeath_isAskedAtOnce_andItsAnswerEndsProbation() {
    fleet("a", "b", "c");
    String pin = only(request("1"));
    die(pin, request("1"));
    comeBack(pin);

    assertThat(only(request("1"))).isEqualTo(pin);
    suspects.answered(replica(pin), request("1"), true);
    assertThat(open(request("1"))).hasSize(3);
    assertThat(meters.get("fleet.gateway.probation").gauge().value()).isZero();
  }

  @Test
  void onlyReplicaThereIs_isAskedAgain_onceItStartedAnew() {
    fleet("a");
    die("a", request("1"));
    leftOut.clear();
    assertThat(closed(request("1")).reason()).contains("not tried on the last healthy replica");
    comeBack("a");
    assertThat(only(request("1"))).isEqualTo("a");
  }

  @Test
  void largerRequest_isOnProbationAlone_whenSmallerOnesAreAnswered() {
    fleet("a", "b", "c");
    suspects.answered(replica("a"), request("12"), true);
    die("a", request("1234"));

    assertThat(open(request("12"))).contains("b", "c");
    assertThat(closed(request("1234")).reason()).contains("on probation");
    assertThat(closed(request("123")).reason()).contains("on probation");
    // A smaller one than what was under way says nothing of that.
    suspects.answered(replica("b"), request("123"), true);
    assertThat(closed(request("1234")).reason()).contains("on probation");
    suspects.answered(replica("b"), request("12345"), true);
    assertThat(open(request("1234"))).contains("b", "c");
  }

  @Test
  void body_isSuspectedByItself_afterTwoDeaths_orWhereLittleWasAnswered() {
    fleet("a", "b", "c", "d");
    for (int i = 0; i < 100; i++) {
      suspects.answered(replica("a"), request("12"), true);
    }
    die("a", request("xx"));
    assertThat(open(request("xx"))).contains("b", "c", "d");
    assertThat(suspects.vouchesFor(replica("a"), request("xx"))).isTrue();
    die("b", request("xx"));
    assertThat(suspects.vouchesFor(replica("b"), request("xx"))).isFalse();
    assertThat(closed(request("xx")).reason()).contains("on probation");
    assertThat(open(request("yy"))).contains("c", "d");
    assertThat(open(request("12"))).contains("c", "d");

    clock.addAndGet(Duration.ofMinutes(11).toNanos());
    update();
    assertThat(open(request("xx"))).contains("c", "d");
  }

  @Test
  void body_isInnocent_onceItIsAnswered() {
    fleet("a", "b", "c");
    for (int i = 0; i < 100; i++) {
      suspects.answered(replica("a"), request("12"), true);
    }
    for (int i = 0; i < 10; i++) {
      die("a", request("12"));
      assertThat(suspects.vouchesFor(replica("a"), request("12"))).isTrue();
      suspects.answered(replica("b"), request("12"), true);
      comeBack("a");
      leftOut.clear();
    }
    assertThat(open(request("12"))).hasSize(3);
  }

  @Test
  void replicaThatGoesAway_isNoDeath() {
    fleet("a", "b", "c");
    suspects.leaves(replica("a"));
    suspects.died(replica("a"), request("1"));
    assertThat(suspects.vouchesFor(replica("a"), request("1"))).isTrue();
    assertThat(open(request("1"))).hasSize(1);

    Replica unlisted = replica("b");
    fleet.remove("b");
    update();
    suspects.died(unlisted, request("1"));
    assertThat(open(request("1"))).hasSize(1);
    assertThat(meters.get("fleet.gateway.replica.deaths").counter().count()).isZero();
  }

  @Test
  void load_endsProbation() {
    fleet("a", "b", "c");
    die("a", request("1"));
    suspects.lift("other");
    assertThat(closed(request("1")).reason()).contains("on probation");
    suspects.lift("m");
    assertThat(open(request("1"))).hasSize(1);
  }

  @Test
  void otherContent_isAnotherModel() {
    fleet("a", "b", "c");
    suspects.answered(replica("a"), request("12"), true);
    fleet.put("c", process("c", 1, "m:1", "m/1@0123456789ab"));
    update();

    assertThat(open(request("12"))).containsExactly("a", "b", "c");
    assertThat(suspects.passage(replica("a"), request("12"), Set.of()))
        .isEqualTo(new Passage.Free());
    // The only one of its content.
    assertThat(suspects.passage(replica("c"), request("12"), Set.of()))
        .isEqualTo(new Passage.OnlyHere());
  }

  @Test
  void memory_isBounded() {
    fleet("a", "b");
    for (int i = 0; i < 10_000; i++) {
      suspects.answered(replica("a"), request("1"), true);
      suspects.died(replica("a"), request(Integer.toString(i % 10)));
      fleet.put("a", process("a", i, "m:1", "m/1@" + i));
      update();
    }
    assertThat(suspects.size()).isLessThanOrEqualTo(Suspects.MOST_RECORDS + 3);
    ContentRecord record = new ContentRecord();
    for (int i = 0; i < 1000; i++) {
      record.suspected(
          "body" + i, before -> Probation.after(before, "a@1", request("1"), Set.of(), 0));
    }
    assertThat(record.suspect("body0")).isNull();
    assertThat(record.suspect("body" + (1000 - ContentRecord.MOST_BODIES))).isNotNull();
  }

  private void die(String id, RunRequest request) {
    leftOut.add(id);
    suspects.died(replica(id), request);
  }

  private void comeBack(String id) {
    leftOut.remove(id);
    fleet.put(id, process(id, clock.incrementAndGet() + 1000, "m:1"));
    update();
  }

  private void fleet(String... ids) {
    for (String id : ids) {
      fleet.put(id, process(id, 1, "m:1"));
    }
    update();
  }

  private void update() {
    now = new Fleet(List.copyOf(fleet.values()), List.of());
    suspects.update(now);
  }

  private Replica replica(String id) {
    return Objects.requireNonNull(fleet.get(id));
  }

  private String only(RunRequest request) {
    return only(suspects, request);
  }

  private String only(Suspects asked, RunRequest request) {
    List<String> open = open(asked, request);
    assertThat(open).hasSize(1);
    assertThat(asked.passage(replica(open.getFirst()), request, Set.of()))
        .isEqualTo(new Passage.OnlyHere());
    return open.getFirst();
  }

  private List<String> open(RunRequest request) {
    return open(suspects, request);
  }

  private List<String> open(Suspects asked, RunRequest request) {
    List<String> open = new ArrayList<>();
    for (Replica replica : fleet.values()) {
      if (asked.passage(replica, request, Set.of()).isOpen()) {
        open.add(replica.id());
      }
    }
    return open;
  }

  /** What every replica says, none of which may get it. */
  private Passage.Closed closed(RunRequest request) {
    Passage.@Nullable Closed closed = null;
    for (Replica replica : fleet.values()) {
      Passage passage = suspects.passage(replica, request, Set.of());
      assertThat(passage).isInstanceOf(Passage.Closed.class);
      closed = (Passage.Closed) passage;
    }
    assertThat(closed).isNotNull();
    return closed;
  }

  private static RunRequest request(String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    return new RunRequest(MODEL, bytes.length, false, bytes);
  }

  private static Replica process(String id, long started, String ready) {
    return process(id, started, ready, "");
  }

  private static Replica process(String id, long started, String ready, String contents) {
    return Replica.of(
        new DefaultServiceInstance(
            id,
            "inference-service",
            "127.0.0.1",
            1,
            false,
            Map.of(
                "models-ready",
                ready,
                "models-contents",
                contents,
                "started",
                Long.toString(started))));
  }
}
