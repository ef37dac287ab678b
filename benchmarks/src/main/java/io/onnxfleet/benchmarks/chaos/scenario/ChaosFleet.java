package io.onnxfleet.benchmarks.chaos.scenario;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.FleetProcesses.Condition;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Real processes that serve {@link #MODEL}. Closing ends all of them. For one thread. */
public final class ChaosFleet implements AutoCloseable {

  /** Small and quick: the 8-bit MiniLM answers eight tokens in about a millisecond. */
  public static final String MODEL = "all-minilm-l6-v2-int8";

  private final Path root;
  private final FleetProcesses processes;
  private @Nullable Running registry;

  public ChaosFleet(Path root, Path logs) throws IOException {
    this.root = root;
    this.processes = new FleetProcesses(root, logs);
  }

  /** The one that was started last. */
  public Running registry() {
    Running started = registry;
    if (started == null) {
      throw new IllegalStateException("no registry was started");
    }
    return started;
  }

  /** On the port that it had. */
  public void startRegistryAgain() throws IOException, InterruptedException {
    Running started = processes.startAgain(registry());
    registry = started;
    processes.awaitOk(started, "/actuator/health");
  }

  public Running startGateway(String... arguments) throws IOException {
    return processes.startGateway("gateway", arguments);
  }

  public Running startReplica(String name) throws IOException {
    return processes.startReplica(name);
  }

  /** A replica that no registry knows. */
  public Running startAlone(String name, String... arguments) throws IOException {
    return processes.startAlone(name, arguments);
  }

  /** Starts another program that ends with the fleet. */
  public Running startOther(String name, int port, List<String> command) throws IOException {
    return processes.startOther(name, port, command);
  }

  /** For what a scenario starts that is not in every fleet. */
  public FleetProcesses processes() {
    return processes;
  }

  /** The repository's. */
  public Path root() {
    return root;
  }

  public Path modelFolder() {
    return root.resolve("models").resolve(MODEL);
  }

  public Path logs() {
    return processes.logs();
  }

  /** A registry, a gateway and ready replicas that the gateway knows; the gateway comes first. */
  public List<Running> startAll(int replicas) throws IOException, InterruptedException {
    registry = processes.startRegistry();
    List<Running> started = new ArrayList<>();
    for (int i = 1; i <= replicas; i++) {
      started.add(startReplica("replica-" + i));
    }
    Running gateway = startGateway();
    awaitKnown(gateway, replicas);
    started.addFirst(gateway);
    return started;
  }

  public void awaitReady(Running process) throws IOException, InterruptedException {
    processes.awaitOk(process, ApiCall.MODEL_READY.path(MODEL, null));
  }

  /** Waits until the gateway counts that many replicas and serves. */
  public void awaitKnown(Running gateway, int replicas) throws IOException, InterruptedException {
    processes.awaitKnown(gateway, replicas);
    awaitReady(gateway);
  }

  /** How many requests for the model the replica has executed successfully. */
  public long executed(Running replica, String model) throws InterruptedException {
    String statistics = get(replica, ApiCall.MODEL_STATISTICS.path(model, null));
    int at = statistics.indexOf("\"inference_count\":");
    if (at < 0) {
      return 0;
    }
    int from = at + "\"inference_count\":".length();
    int to = from;
    while (to < statistics.length() && Character.isDigit(statistics.charAt(to))) {
      to++;
    }
    return Long.parseLong(statistics.substring(from, to));
  }

  public void await(String what, Condition condition) throws IOException, InterruptedException {
    processes.await(what, condition);
  }

  public boolean isOk(Running running, String path) throws InterruptedException {
    return processes.isOk(running, path);
  }

  /** The body, or nothing. */
  public String get(Running running, String path) throws InterruptedException {
    return processes.get(running, path);
  }

  /** What a replica that must live says of its models, as JSON; nothing if it does not answer. */
  public String index(Running running) throws InterruptedException {
    return processes.index(running);
  }

  @Override
  public void close() {
    processes.close();
  }
}
