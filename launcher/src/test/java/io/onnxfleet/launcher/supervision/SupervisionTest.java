package io.onnxfleet.launcher.supervision;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.launcher.fleet.Service;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SupervisionTest {
  private static final Service REPLICA = Service.replica(8081);

  private final FakeFleet fleet = new FakeFleet();
  private final List<String> log = new ArrayList<>();
  private final Supervision supervision = new Supervision(fleet, log::add);
  private Duration now = Duration.ZERO;

  private void lookAfter(Duration duration) throws Exception {
    now = now.plus(duration);
    supervision.look(now.toNanos());
  }

  @Test
  void look_startsAgainWhatDied_afterASecond() throws Exception {
    fleet.run(REPLICA, 10);
    lookAfter(Duration.ZERO);
    fleet.kill(REPLICA);
    lookAfter(Duration.ofMillis(1));
    assertThat(log).containsExactly("replica-8081 (10) died: of 10; it is started again in 1 s");
    lookAfter(Duration.ofMillis(999));
    assertThat(fleet.restarted).isEmpty();
    lookAfter(Duration.ofMillis(1));
    assertThat(fleet.restarted).containsExactly("replica-8081 of 10");
    assertThat(log).hasSize(2).last().isEqualTo("replica-8081 is started again (11)");
    lookAfter(Duration.ofHours(1));
    assertThat(fleet.restarted).hasSize(1);
  }

  @Test
  void look_waitsLonger_forWhatDiesAgain_untilItWasWell() throws Exception {
    fleet.run(REPLICA, 10);
    int deaths = 0;
    for (int seconds : new int[] {1, 2, 4, 8, 16, 32, 60, 60}) {
      fleet.kill(REPLICA);
      lookAfter(Duration.ofMillis(500));
      lookAfter(Duration.ofSeconds(seconds).minusNanos(1));
      assertThat(fleet.restarted).hasSize(deaths);
      lookAfter(Duration.ofNanos(1));
      assertThat(fleet.restarted).hasSize(++deaths);
    }
    fleet.ready = true;
    lookAfter(Duration.ofSeconds(1));
    lookAfter(Duration.ofSeconds(60));
    fleet.kill(REPLICA);
    lookAfter(Duration.ZERO);
    assertThat(log.getLast()).endsWith("in 1 s");
  }

  @Test
  void look_leavesAlone_whatAnotherStops() throws Exception {
    fleet.run(REPLICA, 10);
    fleet.isTaken = true;
    fleet.kill(REPLICA);
    lookAfter(Duration.ofSeconds(10));
    lookAfter(Duration.ofSeconds(10));
    assertThat(log).as("nobody knows yet what it died of").isEmpty();
    fleet.pids.remove(REPLICA);
    fleet.isTaken = false;
    lookAfter(Duration.ofSeconds(10));
    assertThat(log).isEmpty();
    assertThat(fleet.restarted).isEmpty();
  }

  @Test
  void look_forgets_whatWasTakenAway_whileItWaited() throws Exception {
    fleet.run(REPLICA, 10);
    fleet.kill(REPLICA);
    lookAfter(Duration.ZERO);
    fleet.pids.remove(REPLICA);
    lookAfter(Duration.ofSeconds(2));
    fleet.run(REPLICA, 20);
    lookAfter(Duration.ofSeconds(2));
    assertThat(fleet.restarted).isEmpty();
    fleet.kill(REPLICA);
    lookAfter(Duration.ZERO);
    assertThat(log.getLast())
        .isEqualTo("replica-8081 (20) died: of 20; it is started again in 1 s");
  }

  @Test
  void look_startsNothing_whenTheFleetWentDown_beforeItsTurn() throws Exception {
    fleet.run(REPLICA, 10);
    fleet.kill(REPLICA);
    lookAfter(Duration.ZERO);
    fleet.isThere = false;
    lookAfter(Duration.ofSeconds(2));
    assertThat(fleet.restarted).isEmpty();
  }

  @Test
  void look_takesUp_whatAnotherStartedMeanwhile() throws Exception {
    fleet.run(REPLICA, 10);
    fleet.kill(REPLICA);
    lookAfter(Duration.ZERO);
    fleet.run(REPLICA, 12);
    lookAfter(Duration.ofSeconds(2));
    assertThat(fleet.restarted).isEmpty();
    fleet.kill(REPLICA);
    lookAfter(Duration.ofSeconds(5));
    assertThat(fleet.restarted).as("a new death").isEmpty();
    assertThat(log.getLast())
        .isEqualTo("replica-8081 (12) died: of 12; it is started again in 2 s");
  }

  @Test
  void look_triesAgain_whatCouldNotBeStarted() throws Exception {
    fleet.run(REPLICA, 10);
    fleet.kill(REPLICA);
    fleet.failure = "port 8081, which replica-8081 needs, is taken";
    lookAfter(Duration.ZERO);
    lookAfter(Duration.ofSeconds(1));
    assertThat(log.getLast())
        .isEqualTo(
            "replica-8081 could not be started again: port 8081, which replica-8081 needs, is"
                + " taken; the next try is in 2 s");
    fleet.failure = "";
    lookAfter(Duration.ofSeconds(1));
    assertThat(fleet.restarted).isEmpty();
    lookAfter(Duration.ofSeconds(1));
    assertThat(fleet.restarted).containsExactly("replica-8081 of 10");
  }

  @Test
  void look_asksNobody_whileAllAreWell() throws Exception {
    fleet.run(REPLICA, 10);
    fleet.run(Service.GATEWAY, 9);
    for (int i = 0; i < 100; i++) {
      lookAfter(Duration.ofSeconds(1));
    }
    assertThat(fleet.asked).isZero();
    assertThat(fleet.turns).isZero();
  }

  /** Processes that live and die by a word. */
  private static final class FakeFleet implements Supervised {
    final TreeMap<Service, Long> pids = new TreeMap<>();
    final Set<Long> dead = new HashSet<>();
    final List<String> restarted = new ArrayList<>();
    boolean isThere = true;
    boolean isTaken;
    boolean ready;
    String failure = "";
    int asked;
    int turns;

    void run(Service service, long pid) {
      pids.put(service, pid);
    }

    void kill(Service service) {
      dead.add(pid(service));
    }

    @Override
    public boolean isThere() {
      return isThere;
    }

    @Override
    public List<Service> services() {
      return List.copyOf(pids.keySet());
    }

    @Override
    public boolean isAlive(Service service) {
      return !dead.contains(pid(service));
    }

    @Override
    public boolean isReady(Service service) {
      asked++;
      return ready;
    }

    @Override
    public long pid(Service service) {
      return pids.getOrDefault(service, 0L);
    }

    @Override
    public String lastWords(Service service) {
      return "of " + pid(service);
    }

    @Override
    public void restart(Service service, String words) throws IOException {
      if (!failure.isEmpty()) {
        throw new IOException(failure);
      }
      restarted.add(service + " " + words);
      pids.merge(service, 1L, Long::sum);
    }

    @Override
    public boolean alone(Change change) throws IOException {
      turns++;
      if (!isTaken) {
        change.make();
      }
      return !isTaken;
    }
  }
}
