package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.benchmarks.FleetCalls.Answer;
import io.onnxfleet.testing.model.TinyModel;
import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real replicas that are killed, or die of a request, while others ask for a healthy model. */
class DeathsFleetIT {
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final Duration LONG = Duration.ofMinutes(3);

  /** A picture of that height and width ends the process that pools it. */
  private static final int DEADLY = 2000;

  /** How often a replica is killed; a release is held to 10. */
  private static final int KILLS = Integer.getInteger("fleet.kills", 4);

  @TempDir private Path models;
  @TempDir private Path kept;

  private final FleetCalls calls = new FleetCalls();

  private List<Running> startReplicas(FleetProcesses fleet, int count, String... arguments)
      throws IOException, InterruptedException {
    List<Running> replicas = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      String name = "replica-" + number;
      List<String> all = new ArrayList<>(List.of(arguments));
      all.add("--fleet.inference.graph-cache=" + kept.resolve(name).toAbsolutePath());
      replicas.add(fleet.startReplica(name, models, all.toArray(String[]::new)));
    }
    for (Running replica : replicas) {
      fleet.awaitOk(replica, "/v2/health/ready");
    }
    fleet.awaitRegistered(count);
    return replicas;
  }

  @Test
  void healthyModel_losesNothing_ofTwoReplicasThatAreKilledInTurn_orThatARequestEnds()
      throws Exception {
    writeModels();
    Path logs = Path.of("target/fleet/two-replicas");
    try (FleetProcesses fleet = new FleetProcesses(ROOT, logs).startingSoon()) {
      Running door = startGateway(fleet);
      URI gateway = door.base();
      List<Running> replicas = startReplicas(fleet, 2);
      awaitModels(fleet, door);
      try (Traffic traffic = new Traffic(gateway)) {
        await().atMost(LONG).until(() -> traffic.answered() > 1000);
        for (int kill = 0; kill < KILLS; kill++) {
          int which = kill % 2;
          replicas.get(which).kill();
          replicas.set(which, fleet.startAgain(replicas.get(which)));
          fleet.awaitOk(replicas.get(which), "/v2/health/ready");
          await().atMost(LONG).until(() -> asksAll(gateway, 2));
          int answered = traffic.answered();
          await().atMost(LONG).until(() -> traffic.answered() > answered + 200);
        }
        assertThat(traffic.failures()).isEmpty();
        assertThat(calls.index(gateway)).doesNotContain("quarantine", "probation");
        String metrics = calls.get(gateway, "/actuator/prometheus").body();
        assertThat(metrics)
            .contains("fleet_gateway_quarantine{application=\"gateway-service\"} 0")
            .contains("fleet_gateway_probation{application=\"gateway-service\"} 0");
        System.out.printf(
            "%d kills of 2 replicas: %d answers, 0 failed%n", KILLS, traffic.answered());

        requestEndsOneReplica(fleet, gateway, replicas, traffic);
      }
    }
  }

  @Test
  void healthyModel_losesNothing_ofFiveReplicasOfWhichARequestEndsOne() throws Exception {
    writeModels();
    Path logs = Path.of("target/fleet/five-replicas");
    try (FleetProcesses fleet = new FleetProcesses(ROOT, logs).startingSoon()) {
      Running door = startGateway(fleet);
      URI gateway = door.base();
      // Without a process for the model check, since five of these start at once.
      List<Running> replicas = startReplicas(fleet, 5, "--fleet.inference.trial.enabled=false");
      awaitModels(fleet, door);
      try (Traffic traffic = new Traffic(gateway)) {
        await().atMost(LONG).until(() -> traffic.answered() > 300);
        requestEndsOneReplica(fleet, gateway, replicas, traffic);
      }
    }
  }

  private void writeModels() throws IOException {
    TinyModel.poolBeyondItsMask("height", "width").writeTo(models, "pool");
    TinyModel.doubled(2).writeTo(models, "doubled");
  }

  private static Running startGateway(FleetProcesses fleet)
      throws IOException, InterruptedException {
    fleet.startRegistry();
    return fleet.startGateway("gateway", FleetCalls.ADMINISTRATION);
  }

  /** The gateway may come to listen after the replicas do. */
  private static void awaitModels(FleetProcesses fleet, Running gateway)
      throws IOException, InterruptedException {
    for (String model : List.of("pool", "doubled")) {
      fleet.awaitOk(gateway, "/v2/models/" + model + "/ready");
    }
  }

  /** Whether the gateway knows that many replicas and leaves none of them out. */
  private boolean asksAll(URI gateway, int replicas) throws IOException, InterruptedException {
    String metrics = calls.get(gateway, "/actuator/prometheus").body();
    String gauge = "fleet_gateway_replicas{application=\"gateway-service\",state=\"%s\"} %d.0\n";
    return metrics.contains(gauge.formatted("registered", replicas))
        && metrics.contains(gauge.formatted("left_out", 0));
  }

  /** Sent four times at once, and four times one after the other, it ends one process. */
  private void requestEndsOneReplica(
      FleetProcesses fleet, URI gateway, List<Running> replicas, Traffic others) throws Exception {
    List<Answer> answers = new ArrayList<>(atOnce(4, gateway));
    for (int call = 0; call < 4; call++) {
      answers.add(calls.pool(gateway, "pool", DEADLY));
    }
    List<Running> dead = replicas.stream().filter(each -> !each.process().isAlive()).toList();
    assertThat(dead).as("%s", answers).hasSize(1);
    assertThat(answers).extracting(Answer::status).containsOnly(503);
    assertThat(answers).allMatch(answer -> answer.body().contains("\"error\""));

    // What a supervisor does. The next process tells what ended the last one.
    Running again = fleet.startAgain(dead.getFirst());
    fleet.awaitOk(again, "/v2/health/ready");
    await()
        .atMost(LONG)
        .untilAsserted(
            () -> assertThat(calls.index(gateway)).contains("quarantined", "libonnxruntime"));
    Answer quarantined = calls.pool(gateway, "pool", DEADLY);
    assertThat(quarantined.status()).isEqualTo(503);
    assertThat(quarantined.body()).contains("quarantine");
    int answered = others.answered();
    await().atMost(LONG).until(() -> others.answered() > answered + 100);
    assertThat(others.failures()).isEmpty();
    assertThat(replicas).filteredOn(each -> !each.process().isAlive()).hasSize(1);
    System.out.printf(
        "%d replicas, one dead of a request: %d answers of the other model, 0 failed%n",
        replicas.size(), others.answered());
  }

  private List<Answer> atOnce(int count, URI gateway) {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      return IntStream.range(0, count)
          .mapToObj(
              call ->
                  CompletableFuture.supplyAsync(
                      () -> {
                        try {
                          return calls.pool(gateway, "pool", DEADLY);
                        } catch (IOException | InterruptedException failure) {
                          throw new CompletionException(failure);
                        }
                      },
                      threads))
          .toList()
          .stream()
          .map(CompletableFuture::join)
          .toList();
    }
  }

  /** Callers of a healthy model, who note what was not answered rightly. */
  private final class Traffic implements AutoCloseable {
    private static final int CALLERS = 8;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicInteger answered = new AtomicInteger();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean over;

    Traffic(URI gateway) {
      for (int caller = 0; caller < CALLERS; caller++) {
        int self = caller;
        threads.execute(() -> call(gateway, self));
      }
    }

    private void call(URI gateway, int caller) {
      for (int round = 0; !over; round++) {
        // Half of them send the same body each time.
        float value = caller % 2 == 0 ? caller : round % 1000;
        try {
          Answer answer = calls.infer(gateway, "doubled", new float[] {value, 4});
          if (answer.isOf(List.of(1, 2), List.of(2 * value, 8f))) {
            answered.incrementAndGet();
          } else {
            failures.add(answer.toString());
          }
          TimeUnit.MILLISECONDS.sleep(5);
        } catch (IOException failure) {
          failures.add(failure.toString());
        } catch (InterruptedException ended) {
          return;
        }
      }
    }

    int answered() {
      return answered.get();
    }

    Queue<String> failures() {
      return failures;
    }

    @Override
    public void close() {
      over = true;
      threads.close();
    }
  }
}
