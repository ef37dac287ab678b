package io.onnxfleet.benchmarks.chaos;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Real processes on free ports of the loopback address, started from the layouts that the build
 * made. Closing ends all of them. For one thread.
 */
final class ChaosFleet implements AutoCloseable {

  /** Small and quick: the 8-bit MiniLM answers eight tokens in about a millisecond. */
  static final String MODEL = "all-minilm-l6-v2-int8";

  private static final Duration LONGEST_START = Duration.ofMinutes(3);
  private static final String HOST = "127.0.0.1";

  private final Path root;
  private final Path logs;
  private final List<Running> processes = new ArrayList<>();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private int registryPort;
  private @Nullable Running registry;

  ChaosFleet(Path root, Path logs) throws IOException {
    this.root = root;
    this.logs = Files.createDirectories(logs);
  }

  /** A process and where it listens. */
  record Running(String name, Process process, int port, Path log) {
    URI uri(String path) {
      return URI.create("http://" + HOST + ":" + port + path);
    }

    /** Ends it as a crash would. */
    void kill() throws InterruptedException {
      process.destroyForcibly().waitFor();
    }

    /** Asks it to end, and waits until it has. */
    void terminate() throws InterruptedException {
      process.destroy();
      process.waitFor();
    }

    void signal(String signal) throws IOException, InterruptedException {
      new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
    }

    long residentBytes() throws IOException {
      for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
        if (line.startsWith("VmRSS:")) {
          return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
      throw new IOException("no VmRSS of " + name);
    }
  }

  Running startRegistry() throws IOException, InterruptedException {
    registryPort = freePort();
    return startRegistryAgain();
  }

  /** On the port that it had. */
  Running startRegistryAgain() throws IOException, InterruptedException {
    Running started = start("discovery-server", "discovery", registryPort, List.of(), false);
    registry = started;
    await("the registry answers", () -> isOk(started, "/actuator/health"));
    return started;
  }

  /** The one that was started last. */
  Running registry() {
    Running started = registry;
    if (started == null) {
      throw new IllegalStateException("no registry was started");
    }
    return started;
  }

  Running startGateway(String... arguments) throws IOException {
    return start("gateway-service", "gateway", freePort(), List.of(arguments), true);
  }

  Running startReplica(String name) throws IOException {
    return start(
        "inference-service",
        name,
        freePort(),
        List.of("--fleet.inference.models=" + root.resolve("models"), "--fleet.inference.cpus=1"),
        true);
  }

  /** A replica that no registry knows. */
  Running startAlone(String name, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--eureka.client.enabled=false");
    return start("inference-service", name, freePort(), all, false);
  }

  Path modelFolder() {
    return root.resolve("models").resolve(MODEL);
  }

  /** A registry, a gateway and ready replicas that the gateway knows; the gateway comes first. */
  List<Running> startAll(int replicas) throws IOException, InterruptedException {
    startRegistry();
    List<Running> started = new ArrayList<>();
    for (int i = 1; i <= replicas; i++) {
      started.add(startReplica("replica-" + i));
    }
    Running gateway = startGateway();
    awaitKnown(gateway, replicas);
    started.addFirst(gateway);
    return started;
  }

  void awaitReady(Running replica) throws IOException, InterruptedException {
    await(replica.name + " is ready", () -> isOk(replica, ApiCall.MODEL_READY.path(MODEL, null)));
  }

  /** Waits until the gateway counts that many replicas and serves. */
  void awaitKnown(Running gateway, int replicas) throws IOException, InterruptedException {
    await(
        "the gateway knows " + replicas + " replicas",
        () ->
            get(gateway, "/actuator/prometheus")
                .lines()
                .anyMatch(
                    line ->
                        line.startsWith("fleet_gateway_replicas{")
                            && line.contains("state=\"registered\"")
                            && line.endsWith(" " + replicas + ".0")));
    await("the gateway serves", () -> isOk(gateway, ApiCall.MODEL_READY.path(MODEL, null)));
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

  /** A condition that may ask processes over HTTP. */
  interface Condition {
    boolean holds() throws InterruptedException;
  }

  void await(String what, Condition condition) throws IOException, InterruptedException {
    long end = System.nanoTime() + LONGEST_START.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() - end > 0) {
        throw new IOException(what + ": not so after " + LONGEST_START.toSeconds() + " s");
      }
      Thread.sleep(50);
    }
  }

  boolean isOk(Running running, String path) throws InterruptedException {
    if (!running.process.isAlive()) {
      throw new IllegalStateException(running.name + " died, see " + running.log);
    }
    try {
      return http.send(request(running, path), HttpResponse.BodyHandlers.discarding()).statusCode()
          == 200;
    } catch (IOException notYet) {
      return false;
    }
  }

  /** The body, or nothing. */
  String get(Running running, String path) throws InterruptedException {
    try {
      return http.send(request(running, path), HttpResponse.BodyHandlers.ofString()).body();
    } catch (IOException notYet) {
      return "";
    }
  }

  /** What a replica says of its models, as JSON; an empty list if it does not answer. */
  String index(Running running) throws InterruptedException {
    if (!running.process.isAlive()) {
      throw new IllegalStateException(running.name + " died, see " + running.log);
    }
    HttpRequest request =
        HttpRequest.newBuilder(running.uri(ApiPaths.REPOSITORY_INDEX))
            .timeout(Duration.ofSeconds(10))
            .POST(HttpRequest.BodyPublishers.noBody())
            .build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
    } catch (IOException notYet) {
      return "[]";
    }
  }

  private static HttpRequest request(Running running, String path) {
    return HttpRequest.newBuilder(running.uri(path)).timeout(Duration.ofSeconds(10)).build();
  }

  private Running start(
      String module, String name, int port, List<String> arguments, boolean registers)
      throws IOException {
    Path log = logs.resolve(name + ".log");
    List<String> command = new ArrayList<>();
    Collections.addAll(
        command,
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "@jvm.args",
        "-Xmx512m",
        "@application.args",
        "--server.port=" + port,
        "--server.address=" + HOST);
    if (registers) {
      command.add(
          "--eureka.client.service-url.defaultZone=http://%s:%d/eureka/"
              .formatted(HOST, registryPort));
    }
    command.addAll(arguments);
    Running running =
        new Running(
            name, run(command, root.resolve(module).resolve("target/layout"), log), port, log);
    processes.add(running);
    return running;
  }

  /** Starts another program that ends with the fleet. */
  Running startOther(String name, int port, List<String> command) throws IOException {
    Path log = logs.resolve(name + ".log");
    Running running = new Running(name, run(command, root, log), port, log);
    processes.add(running);
    return running;
  }

  Path logs() {
    return logs;
  }

  private static Process run(List<String> command, Path folder, Path log) throws IOException {
    return new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    for (Running running : processes.reversed()) {
      running.process.destroyForcibly();
    }
    for (Running running : processes) {
      running.process.onExit().join();
    }
    http.close();
  }
}
