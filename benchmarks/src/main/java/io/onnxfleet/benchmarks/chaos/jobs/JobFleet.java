package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.testing.model.TinyModel;
import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A registry, a gateway, a replica, a job service with an empty store, and PostgreSQL where it is
 * wanted. Whoever is killed comes back on the port that it had. For one thread.
 */
final class JobFleet {
  /** Who can be killed. */
  enum Member {
    JOBS,
    GATEWAY,
    REPLICA,
    POSTGRESQL
  }

  /** {@code y = 2x} over rows of two floats. */
  static final String DOUBLED = "doubled";

  static final String MINILM = "all-minilm-l6-v2";

  private final FleetProcesses processes;
  private final Map<Member, Running> members = new EnumMap<>(Member.class);
  private final @Nullable Postgresql postgresql;

  /**
   * Starts all of them, and waits until the gateway has the model and answers for jobs.
   *
   * @param model {@link #DOUBLED} or {@link #MINILM}
   * @param programs PostgreSQL's; null: the job service keeps its state in H2
   */
  JobFleet(ChaosFleet fleet, String model, @Nullable Path programs)
      throws IOException, InterruptedException {
    this.processes = fleet.processes();
    Path store = fleet.logs().resolve("store");
    Folders.delete(store);
    List<String> arguments = new ArrayList<>();
    postgresql = programs == null ? null : Postgresql.start(fleet, programs);
    if (postgresql != null) {
      members.put(Member.POSTGRESQL, postgresql.server());
      arguments.addAll(postgresql.arguments());
    }
    processes.startRegistry();
    members.put(Member.GATEWAY, processes.startGateway());
    members.put(Member.REPLICA, startReplica(fleet, model));
    members.put(Member.JOBS, processes.startJobs("jobs", store, arguments.toArray(String[]::new)));
    processes.awaitOk(gateway(), ApiCall.MODEL_READY.path(model, null));
    awaitJobs();
  }

  private Running startReplica(ChaosFleet fleet, String model) throws IOException {
    Path models = fleet.root().resolve("models");
    if (model.equals(DOUBLED)) {
      models = fleet.logs().resolve("models");
      Folders.delete(models);
      TinyModel.doubled(2).writeTo(models, DOUBLED);
    }
    String all = "--fleet.inference.cpus=" + Runtime.getRuntime().availableProcessors();
    return processes.startReplica("replica", models, all);
  }

  Running gateway() {
    return member(Member.GATEWAY);
  }

  Running replica() {
    return member(Member.REPLICA);
  }

  Running jobs() {
    return member(Member.JOBS);
  }

  /**
   * The database.
   *
   * @throws IllegalStateException if it is H2
   */
  Postgresql postgresql() {
    if (postgresql == null) {
      throw new IllegalStateException("a fleet without PostgreSQL");
    }
    return postgresql;
  }

  private Running member(Member which) {
    Running running = members.get(which);
    if (running == null) {
      throw new IllegalStateException("no " + which);
    }
    return running;
  }

  /** Waits until the gateway has a job service that answers. */
  void awaitJobs() throws IOException, InterruptedException {
    processes.awaitOk(gateway(), ApiPaths.BATCHES);
  }

  /** Ends it as a crash would, and starts it again. */
  void kill(Member which) throws IOException {
    member(which).kill();
    startAgain(which);
  }

  /**
   * Starts again whoever has ended by itself, as a supervisor does: a job service that finds no
   * database, PostgreSQL whose predecessor's processes have not all ended.
   */
  void revive() throws IOException {
    for (Member which : Member.values()) {
      Running running = members.get(which);
      if (running != null && !running.process().isAlive()) {
        startAgain(which);
      }
    }
  }

  private void startAgain(Member which) throws IOException {
    members.put(which, processes.startAgain(member(which)));
  }
}
