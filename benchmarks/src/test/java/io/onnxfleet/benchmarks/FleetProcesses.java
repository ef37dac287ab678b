package io.onnxfleet.benchmarks;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * The fleet's real processes on free ports of the loopback address, started from the layouts that
 * the build made. Closing ends all of them.
 */
final class FleetProcesses implements AutoCloseable {
  private static final Duration LONGEST_START = Duration.ofMinutes(5);
  private static final String HOST = "127.0.0.1";
  private static final Pattern ZONE = Pattern.compile("\"zone\":\"([^\"]*)\"");

  private final Path root;
  private final Path logs;
  private final List<Running> processes = new ArrayList<>();
  private final HttpClient http;
  private final int registryPort;
  private final List<String> common;
  private final List<String> javaOptions = new ArrayList<>();
  private final @Nullable Path certificates;

  /**
   * Nothing runs yet.
   *
   * @param root the repository's root
   * @param logs a folder for what the processes print
   * @param common further arguments of every process
   */
  FleetProcesses(Path root, Path logs, String... common) throws IOException {
    this(root, logs, null, HttpClient.newBuilder(), common);
  }

  /**
   * A fleet whose registry and replicas speak TLS.
   *
   * @param certificates a folder with one for each module
   */
  static FleetProcesses withTls(Path root, Path logs, Path certificates, String... common)
      throws IOException, GeneralSecurityException {
    SSLContext noCertificate =
        TestCertificates.context(null, certificates.resolve("gateway-service"));
    return new FleetProcesses(
        root, logs, certificates, HttpClient.newBuilder().sslContext(noCertificate), common);
  }

  private FleetProcesses(
      Path root, Path logs, @Nullable Path certificates, HttpClient.Builder http, String... common)
      throws IOException {
    this.root = root;
    this.logs = Files.createDirectories(logs);
    this.certificates = certificates;
    this.http = http.version(HttpClient.Version.HTTP_1_1).build();
    this.common = List.of(common);
    this.registryPort = freePort();
  }

  /**
   * Has processes start sooner and run slower from now on, where a test asks for right answers and
   * not for many.
   */
  FleetProcesses startingSoon() {
    javaOptions.add("-XX:TieredStopAtLevel=1");
    return this;
  }

  /** Where the registry listens once it runs. */
  URI registry() {
    return URI.create(scheme() + "://" + HOST + ":" + registryPort);
  }

  private String scheme() {
    return certificates == null ? "http" : "https";
  }

  /** A process, where it listens, and what started it. */
  record Running(String name, Process process, URI base, Path log, ProcessBuilder start) {
    /** Ends it as a crash would. */
    void kill() {
      process.destroyForcibly();
    }

    /** Asks it to end. */
    void terminate() {
      process.destroy();
    }

    /** Has it do nothing until it is told {@code CONT}. */
    void signal(String signal) throws IOException, InterruptedException {
      List<String> kill = List.of("kill", "-" + signal, Long.toString(process.pid()));
      int status = new ProcessBuilder(kill).inheritIO().start().waitFor();
      if (status != 0) {
        throw new IOException(kill + ": exit code " + status + " (expected: 0)");
      }
    }
  }

  /** Starts the registry, which everything else needs, and waits until it answers. */
  Running startRegistry() throws IOException {
    Running registry = start("discovery-server", "discovery", registryPort, List.of());
    awaitOk(registry, "/actuator/health");
    return registry;
  }

  /** Starts a gateway; it is ready only once it knows a replica. */
  Running startGateway() throws IOException {
    return startGateway("gateway");
  }

  /** The same under a name, with further arguments. */
  Running startGateway(String name, String... arguments) throws IOException {
    return start("gateway-service", name, freePort(), List.of(arguments));
  }

  /** A gateway that shows other certificates than those of the fleet's folder. */
  Running startGateway(String name, Path others) throws IOException {
    return start("gateway-service", name, freePort(), List.of(), Map.of(), others);
  }

  /** Starts a replica of the default models on one CPU; it becomes ready by itself. */
  Running startReplica(String name) throws IOException {
    return startReplica(name, Map.of());
  }

  /** The same with further variables of the environment. */
  Running startReplica(String name, Map<String, String> environment) throws IOException {
    return start(
        "inference-service",
        name,
        freePort(),
        replicaOf(root.resolve("models"), List.of()),
        environment,
        certificates);
  }

  /** Starts a replica of other models on one CPU. */
  Running startReplica(String name, Path models, String... arguments) throws IOException {
    return start(
        "inference-service",
        name,
        freePort(),
        replicaOf(models.toAbsolutePath(), List.of(arguments)),
        Map.of(),
        certificates);
  }

  private static List<String> replicaOf(Path models, List<String> arguments) {
    List<String> all = new ArrayList<>(arguments);
    all.add("--fleet.inference.models=" + models);
    all.add("--fleet.inference.cpus=1");
    return all;
  }

  /** Starts a process that has ended anew, as it was, once it has. Its log goes on. */
  Running startAgain(Running ended) throws IOException, InterruptedException {
    ended.process().waitFor();
    return run(ended.name(), ended.base(), ended.log(), ended.start());
  }

  /** Waits until a GET of that path is answered with 200. */
  void awaitOk(Running running, String path) {
    await(running.name() + path)
        .atMost(LONGEST_START)
        .pollInterval(Duration.ofMillis(100))
        .failFast("the process died, see " + running.log(), () -> !running.process().isAlive())
        .until(() -> status(running.base().resolve(path)) == 200);
  }

  /** Waits until the registry lists that many replicas as UP. */
  void awaitRegistered(int replicas) {
    URI apps = registry().resolve("/eureka/apps/INFERENCE-SERVICE");
    await(replicas + " replicas registered")
        .atMost(LONGEST_START)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> registered(apps) == replicas);
  }

  private int registered(URI apps) throws InterruptedException {
    try {
      return read(apps).split("\"status\":\"UP\"", -1).length - 1;
    } catch (IOException notYet) {
      return 0;
    }
  }

  /** What the registry knows as the zones of those replicas that have one, in order. */
  List<String> registeredZones() throws IOException, InterruptedException {
    return ZONE.matcher(read(registry().resolve("/eureka/apps/INFERENCE-SERVICE")))
        .results()
        .map(zone -> zone.group(1))
        .filter(zone -> !zone.isEmpty())
        .sorted()
        .toList();
  }

  private String read(URI apps) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(apps).header("Accept", "application/json").build();
    return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  /** Of a GET of that path; 0 if nobody answers. */
  int status(Running running, String path) throws Exception {
    return status(running.base().resolve(path));
  }

  private int status(URI uri) throws Exception {
    try {
      HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(10)).build();
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    } catch (IOException notYet) {
      return 0;
    }
  }

  private Running start(String module, String name, int port, List<String> arguments)
      throws IOException {
    return start(module, name, port, arguments, Map.of(), certificates);
  }

  private Running start(
      String module,
      String name,
      int port,
      List<String> arguments,
      Map<String, String> environment,
      @Nullable Path shown)
      throws IOException {
    Path log = logs.resolve(name + ".log");
    List<String> command = new ArrayList<>();
    Collections.addAll(
        command,
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "@jvm.args",
        "-Xmx512m",
        "-XX:ErrorFile=" + logs.toAbsolutePath().resolve(name + "-crash-%p.log"),
        "-XX:-CreateCoredumpOnCrash");
    command.addAll(javaOptions);
    Collections.addAll(
        command,
        "@application.args",
        "--server.port=" + port,
        "--server.address=" + HOST,
        "--eureka.instance.hostname=" + HOST,
        "--eureka.instance.ip-address=" + HOST,
        "--eureka.instance.prefer-ip-address=true",
        "--eureka.client.service-url.defaultZone=%s/eureka/".formatted(registry()));
    if (shown != null) {
      command.add("--spring.profiles.include=mutual-tls");
      command.add("--fleet.tls.directory=" + shown.resolve(module).toAbsolutePath());
    }
    command.addAll(common);
    command.addAll(arguments);
    Files.deleteIfExists(log);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(root.resolve(module).resolve("target/layout").toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    String scheme = module.equals("gateway-service") ? "http" : scheme();
    return run(name, URI.create(scheme + "://" + HOST + ":" + port), log, builder);
  }

  private Running run(String name, URI base, Path log, ProcessBuilder start) throws IOException {
    Running running = new Running(name, start.start(), base, log, start);
    processes.add(running);
    return running;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    for (Running running : processes.reversed()) {
      running.kill();
    }
    for (Running running : processes) {
      running.process().onExit().join();
    }
    http.close();
  }
}
