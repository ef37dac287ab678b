package io.onnxfleet.testing.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.contract.api.ApiPaths;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * the build made. Closing ends all of them. For one thread, but that any may ask.
 */
public final class FleetProcesses implements AutoCloseable {
  /** Where all of them listen. */
  public static final String HOST = "127.0.0.1";

  private static final String REGISTRY = "discovery-server";
  private static final String GATEWAY = "gateway-service";
  private static final String REPLICA = "inference-service";
  private static final Duration LONGEST_START = Duration.ofMinutes(5);
  private static final Duration POLL = Duration.ofMillis(50);
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
  public FleetProcesses(Path root, Path logs, String... common) throws IOException {
    this(root, logs, null, HttpClient.newBuilder(), common);
  }

  /**
   * A fleet whose registry and replicas speak TLS.
   *
   * @param certificates a folder with one for each module
   * @param asks what this side knows and shows when it asks them
   */
  public static FleetProcesses withTls(
      Path root, Path logs, Path certificates, SSLContext asks, String... common)
      throws IOException {
    return new FleetProcesses(
        root, logs, certificates, HttpClient.newBuilder().sslContext(asks), common);
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
  public FleetProcesses startingSoon() {
    javaOptions.add("-XX:TieredStopAtLevel=1");
    return this;
  }

  /** Where the registry listens once it runs. */
  public URI registry() {
    return URI.create(scheme(REGISTRY) + "://" + HOST + ":" + registryPort);
  }

  private String scheme(String module) {
    return certificates == null || module.equals(GATEWAY) ? "http" : "https";
  }

  /** Where the processes print to. */
  public Path logs() {
    return logs;
  }

  /** Starts the registry, which everything else needs, and waits until it answers. */
  public Running startRegistry() throws IOException, InterruptedException {
    Running registry = start(REGISTRY, "discovery", registryPort, List.of());
    awaitOk(registry, "/actuator/health");
    return registry;
  }

  /** Starts a gateway; it is ready only once it knows a replica. */
  public Running startGateway() throws IOException {
    return startGateway("gateway");
  }

  /** The same under a name, with further arguments. */
  public Running startGateway(String name, String... arguments) throws IOException {
    return start(GATEWAY, name, freePort(), List.of(arguments));
  }

  /** A gateway that shows other certificates than those of the fleet's folder. */
  public Running startGateway(String name, Path others) throws IOException {
    return start(GATEWAY, name, freePort(), List.of(), Map.of(), others);
  }

  /** Starts a replica of the default models on one CPU; it becomes ready by itself. */
  public Running startReplica(String name) throws IOException {
    return startReplica(name, Map.of());
  }

  /** The same with further variables of the environment. */
  public Running startReplica(String name, Map<String, String> environment) throws IOException {
    return start(
        REPLICA,
        name,
        freePort(),
        replicaOf(root.resolve("models").toAbsolutePath(), List.of()),
        environment,
        certificates);
  }

  /** Starts a replica of other models on one CPU. */
  public Running startReplica(String name, Path models, String... arguments) throws IOException {
    return start(REPLICA, name, freePort(), replicaOf(models.toAbsolutePath(), List.of(arguments)));
  }

  private static List<String> replicaOf(Path models, List<String> arguments) {
    List<String> all = new ArrayList<>(arguments);
    all.add("--fleet.inference.models=" + models);
    all.add("--fleet.inference.cpus=1");
    return all;
  }

  /** Starts a replica that no registry knows. */
  public Running startAlone(String name, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--eureka.client.enabled=false");
    return start(REPLICA, name, freePort(), all);
  }

  /** Starts a process that has ended anew, as it was, once it has. Its log goes on. */
  public Running startAgain(Running ended) throws IOException {
    ended.awaitEnd();
    return run(ended.name(), ended.base(), ended.log(), ended.start());
  }

  /** Starts another program that ends with the fleet, in the repository's root. */
  public Running startOther(String name, int port, List<String> command) throws IOException {
    Path log = logs.resolve(name + ".log");
    return run(name, base("http", port), log, builder(root, command, log));
  }

  /**
   * Runs the program of a module to its end.
   *
   * @return what it printed
   */
  public String run(String module, String... arguments) throws IOException, InterruptedException {
    List<String> command = command();
    Collections.addAll(command, arguments);
    Process process =
        new ProcessBuilder(command)
            .directory(layout(module).toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(
          module + " " + List.of(arguments) + ": exit code " + process.exitValue());
    }
    return printed;
  }

  /** Waits until a GET of that path, with names and values of headers, is answered with 200. */
  public void awaitOk(Running running, String path, String... headers)
      throws IOException, InterruptedException {
    await(
        running.name() + path,
        () -> {
          requireAlive(running);
          return status(running, path, headers) == 200;
        });
  }

  private static void requireAlive(Running running) {
    if (!running.process().isAlive()) {
      throw new IllegalStateException(running.name() + " ended, see " + running.log());
    }
  }

  /** Waits until the registry lists that many replicas as UP. */
  public void awaitRegistered(int replicas) throws IOException, InterruptedException {
    await(
        replicas + " replicas registered",
        () -> registeredReplicas().split("\"status\":\"UP\"", -1).length - 1 == replicas);
  }

  /** What the registry knows as the zones of those replicas that have one, in order. */
  public List<String> registeredZones() throws InterruptedException {
    return ZONE.matcher(registeredReplicas())
        .results()
        .map(zone -> zone.group(1))
        .filter(zone -> !zone.isEmpty())
        .sorted()
        .toList();
  }

  private String registeredReplicas() throws InterruptedException {
    URI apps = registry().resolve("/eureka/apps/INFERENCE-SERVICE");
    return body(HttpRequest.newBuilder(apps).header("Accept", "application/json"));
  }

  /** Waits until the gateway counts that many replicas. */
  public void awaitKnown(Running gateway, int replicas) throws IOException, InterruptedException {
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
  }

  /** A condition that may ask processes over HTTP. */
  public interface Condition {
    boolean holds() throws InterruptedException;
  }

  /** Waits until something is so, for as long as a start may take. */
  public void await(String what, Condition condition) throws IOException, InterruptedException {
    long end = System.nanoTime() + LONGEST_START.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() - end > 0) {
        throw new IOException(what + ": not so after " + LONGEST_START.toSeconds() + " s");
      }
      Thread.sleep(POLL);
    }
  }

  /** Whether a GET of that path is answered with 200 by a process that must live. */
  public boolean isOk(Running running, String path) throws InterruptedException {
    requireAlive(running);
    return status(running, path) == 200;
  }

  /** Of a GET of that path, with names and values of headers; 0 if nobody answers. */
  public int status(Running running, String path, String... headers) throws InterruptedException {
    HttpRequest.Builder request = request(running, path);
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return http.send(request.build(), BodyHandlers.discarding()).statusCode();
    } catch (IOException notYet) {
      return 0;
    }
  }

  /** The body of the answer to a GET, or nothing. */
  public String get(Running running, String path) throws InterruptedException {
    return body(request(running, path));
  }

  /** What a replica that must live says of its models, as JSON; nothing if it does not answer. */
  public String index(Running running) throws InterruptedException {
    requireAlive(running);
    return body(
        request(running, ApiPaths.REPOSITORY_INDEX).POST(HttpRequest.BodyPublishers.noBody()));
  }

  private static HttpRequest.Builder request(Running running, String path) {
    return HttpRequest.newBuilder(running.uri(path)).timeout(Duration.ofSeconds(10));
  }

  private String body(HttpRequest.Builder request) throws InterruptedException {
    try {
      return http.send(request.build(), BodyHandlers.ofString()).body();
    } catch (IOException notYet) {
      return "";
    }
  }

  private List<String> command(String... javaArguments) {
    List<String> command = new ArrayList<>();
    Collections.addAll(
        command,
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "@jvm.args",
        "-Xmx512m");
    Collections.addAll(command, javaArguments);
    command.addAll(javaOptions);
    command.add("@application.args");
    return command;
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
    List<String> command =
        command(
            "-XX:ErrorFile=" + logs.toAbsolutePath().resolve(name + "-crash-%p.log"),
            "-XX:-CreateCoredumpOnCrash");
    Collections.addAll(
        command,
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
    ProcessBuilder builder = builder(layout(module), command, log);
    builder.environment().putAll(environment);
    return run(name, base(scheme(module), port), log, builder);
  }

  /** Where the build has laid out a module. */
  private Path layout(String module) {
    return root.resolve(module).resolve("target/layout");
  }

  private static URI base(String scheme, int port) {
    return URI.create(scheme + "://" + HOST + ":" + port);
  }

  private static ProcessBuilder builder(Path folder, List<String> command, Path log)
      throws IOException {
    Files.deleteIfExists(log);
    return new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
  }

  private Running run(String name, URI base, Path log, ProcessBuilder start) throws IOException {
    Running running = new Running(name, start.start(), base, log, start);
    processes.add(running);
    return running;
  }

  /** One that nobody listens on. */
  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    for (Running running : processes.reversed()) {
      running.process().destroyForcibly();
    }
    for (Running running : processes) {
      running.awaitEnd();
    }
    http.close();
  }
}
