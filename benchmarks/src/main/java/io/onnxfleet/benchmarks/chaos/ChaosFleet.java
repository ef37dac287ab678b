package io.onnxfleet.benchmarks.chaos;

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
final class ChaosFleet implements AutoCloseable {

  /** Small and quick: the 8-bit MiniLM answers eight tokens in about a millisecond. */
  static final String MODEL = "all-minilm-l6-v2-int8";

  private final Path root;
  private final FleetProcesses processes;
  private @Nullable Running registry;

  ChaosFleet(Path root, Path logs) throws IOException {
    this.root = root;
    this.processes = new FleetProcesses(root, logs);
  }

  /** The one that was started last. */
  Running registry() {
    Running started = registry;
    if (started == null) {
      throw new IllegalStateException("no registry was started");
    }
    return started;
  }

  /** On the port that it had. */
  void startRegistryAgain() throws IOException, InterruptedException {
    Running started = processes.startAgain(registry());
    registry = started;
    processes.awaitOk(started, "/actuator/health");
  }

  Running startGateway(String... arguments) throws IOException {
    return processes.startGateway("gateway", arguments);
  }

  Running startReplica(String name) throws IOException {
    return processes.startReplica(name);
  }

  /** A replica that no registry knows. */
  Running startAlone(String name, String... arguments) throws IOException {
    return processes.startAlone(name, arguments);
  }

  /** Starts another program that ends with the fleet. */
  Running startOther(String name, int port, List<String> command) throws IOException {
    return processes.startOther(name, port, command);
  }

  Path modelFolder() {
    return root.resolve("models").resolve(MODEL);
  }

  Path logs() {
    return processes.logs();
  }

  /** A registry, a gateway and ready replicas that the gateway knows; the gateway comes first. */
  List<Running> startAll(int replicas) throws IOException, InterruptedException {
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

  void awaitReady(Running process) throws IOException, InterruptedException {
    processes.awaitOk(process, ApiCall.MODEL_READY.path(MODEL, null));
  }

  /** Waits until the gateway counts that many replicas and serves. */
  void awaitKnown(Running gateway, int replicas) throws IOException, InterruptedException {
    processes.awaitKnown(gateway, replicas);
    awaitReady(gateway);
  }

  /** How many requests the replica has executed successfully. */
  long executed(Running replica) throws InterruptedException {
    String statistics = get(replica, ApiCall.MODEL_STATISTICS.path(MODEL, null));
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

  void await(String what, Condition condition) throws IOException, InterruptedException {
    processes.await(what, condition);
  }

  boolean isOk(Running running, String path) throws InterruptedException {
    return processes.isOk(running, path);
  }

  /** The body, or nothing. */
  String get(Running running, String path) throws InterruptedException {
    return processes.get(running, path);
  }

  /** What a replica that must live says of its models, as JSON; nothing if it does not answer. */
  String index(Running running) throws InterruptedException {
    return processes.index(running);
  }

  @Override
  public void close() {
    processes.close();
  }
}
