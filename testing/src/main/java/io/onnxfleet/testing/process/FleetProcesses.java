package io.onnxfleet.testing.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.launcher.process.Await;
import io.onnxfleet.launcher.process.HttpProbe;
import io.onnxfleet.launcher.process.Launch;
import io.onnxfleet.launcher.process.Layout;
import io.onnxfleet.launcher.process.Ports;
import java.io.IOException;
import java.net.URI;
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
  public static final String HOST = Ports.HOST;

  private static final String REGISTRY = "discovery-server";
  private static final String GATEWAY = "gateway-service";
  private static final String REPLICA = "inference-service";
  private static final String JOBS = "job-service";
  private static final String CPUS = "--fleet.inference.cpus=";
  private static final Duration LONGEST_START = Duration.ofMinutes(5);
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(10);
  private static final Duration LONGEST_END = Duration.ofSeconds(60);
  private static final Await AWAIT = new Await(LONGEST_START, Duration.ofMillis(50));
  private static final Pattern ZONE = Pattern.compile("\"zone\":\"([^\"]*)\"");

  private final Path root;
  private final Path logs;
  private final List<Running> processes = new ArrayList<>();
  private final HttpProbe probe;
  private final int registryPort;
  private final List<String> common;
  private final @Nullable Path certificates;
  private boolean startsSoon;
  private String heap = "512m";

  /**
   * Nothing runs yet.
   *
   * @param root the repository's root
   * @param logs a folder for what the processes print
   * @param common further arguments of every process
   */
  public FleetProcesses(Path root, Path logs, String... common) throws IOException {
    this(root, logs, null, null, common);
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
    return new FleetProcesses(root, logs, certificates, asks, common);
  }

  private FleetProcesses(
      Path root,
      Path logs,
      @Nullable Path certificates,
      @Nullable SSLContext asks,
      String... common)
      throws IOException {
    this.root = root;
    this.logs = Files.createDirectories(logs);
    this.certificates = certificates;
    this.probe = new HttpProbe(asks, LONGEST_ANSWER);
    this.common = List.of(common);
    this.registryPort = Ports.free();
  }

  /**
   * Has processes start sooner and run slower from now on, where a test asks for right answers and
   * not for many. The first process of a module then leaves its classes to later ones.
   */
  public FleetProcesses startingSoon() {
    startsSoon = true;
    return this;
  }

  /** Has processes start with that largest heap from now on, in place of 512 MB. */
  public FleetProcesses withHeap(String largest) {
    heap = largest;
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
    return start(GATEWAY, name, Ports.free(), List.of(arguments));
  }

  /** A gateway that shows other certificates than those of the fleet's folder. */
  public Running startGateway(String name, Path others) throws IOException {
    return start(GATEWAY, name, Ports.free(), List.of(), Map.of(), others);
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
        Ports.free(),
        replicaOf(root.resolve("models").toAbsolutePath(), List.of()),
        environment,
        certificates);
  }

  /** Starts a replica of other models, on one CPU unless the arguments say another number. */
  public Running startReplica(String name, Path models, String... arguments) throws IOException {
    return start(
        REPLICA, name, Ports.free(), replicaOf(models.toAbsolutePath(), List.of(arguments)));
  }

  private static List<String> replicaOf(Path models, List<String> arguments) {
    List<String> all = new ArrayList<>(arguments);
    all.add("--fleet.inference.models=" + models);
    if (arguments.stream().noneMatch(argument -> argument.startsWith(CPUS))) {
      all.add(CPUS + 1);
    }
    return all;
  }

  /** Starts a job service that keeps everything in that folder. */
  public Running startJobs(String name, Path directory, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--fleet.jobs.directory=" + directory.toAbsolutePath());
    return start(JOBS, name, Ports.free(), all);
  }

  /** Starts a replica that no registry knows. */
  public Running startAlone(String name, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--eureka.client.enabled=false");
    return start(REPLICA, name, Ports.free(), all);
  }

  /** Starts a process that has ended anew, as it was, once it has. Its log goes on. */
  public Running startAgain(Running ended) throws IOException {
    ended.awaitEnd();
    return run(ended.name(), ended.base(), ended.launch());
  }

  /** Starts another program that ends with the fleet, in the repository's root. */
  public Running startOther(String name, int port, List<String> command) throws IOException {
    return start(name, base("http", port), root, command, Map.of());
  }

  /**
   * Runs the program of a module to its end.
   *
   * @return what it printed
   */
  public String run(String module, String... arguments) throws IOException, InterruptedException {
    Layout layout = Layout.of(root, module);
    Process process =
        new ProcessBuilder(layout.command(options(layout), List.of(arguments)))
            .directory(layout.folder().toFile())
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
    return probe.get(apps, "Accept", "application/json").body();
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
    AWAIT.until(what, condition::holds);
  }

  /** Whether a GET of that path is answered with 200 by a process that must live. */
  public boolean isOk(Running running, String path) throws InterruptedException {
    requireAlive(running);
    return status(running, path) == 200;
  }

  /** Of a GET of that path, with names and values of headers; 0 if nobody answers. */
  public int status(Running running, String path, String... headers) throws InterruptedException {
    return probe.get(running.uri(path), headers).status();
  }

  /** The body of the answer to a GET, or nothing. */
  public String get(Running running, String path) throws InterruptedException {
    return probe.get(running.uri(path)).body();
  }

  /** What a replica that must live says of its models, as JSON; nothing if it does not answer. */
  public String index(Running running) throws InterruptedException {
    requireAlive(running);
    return probe.post(running.uri(ApiPaths.REPOSITORY_INDEX), "{}").body();
  }

  private List<String> options(Layout layout, String... others) throws IOException {
    List<String> options = new ArrayList<>(List.of("-Xmx" + heap));
    Collections.addAll(options, others);
    if (startsSoon) {
      options.add("-XX:TieredStopAtLevel=1");
      options.addAll(ClassArchive.options(layout));
    }
    return options;
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
    Layout layout = Layout.of(root, module);
    List<String> options =
        options(
            layout,
            "-XX:ErrorFile=" + logs.toAbsolutePath().resolve(name + "-crash-%p.log"),
            "-XX:-CreateCoredumpOnCrash");
    List<String> all = new ArrayList<>();
    Collections.addAll(
        all,
        "--server.port=" + port,
        "--server.address=" + HOST,
        "--eureka.instance.hostname=" + HOST,
        "--eureka.instance.ip-address=" + HOST,
        "--eureka.instance.prefer-ip-address=true",
        "--eureka.client.service-url.defaultZone=%s/eureka/".formatted(registry()));
    if (shown != null) {
      all.add("--spring.profiles.include=mutual-tls");
      all.add("--fleet.tls.directory=" + shown.resolve(module).toAbsolutePath());
    }
    all.addAll(common);
    all.addAll(arguments);
    return start(
        name,
        base(scheme(module), port),
        layout.folder(),
        layout.command(options, all),
        environment);
  }

  private static URI base(String scheme, int port) {
    return URI.create(scheme + "://" + HOST + ":" + port);
  }

  private Running start(
      String name, URI base, Path folder, List<String> command, Map<String, String> environment)
      throws IOException {
    Path log = logs.resolve(name + ".log");
    Files.deleteIfExists(log);
    return run(name, base, new Launch(folder, command, environment, log, false));
  }

  private Running run(String name, URI base, Launch launch) throws IOException {
    Running running = new Running(name, launch.start(), base, launch);
    processes.add(running);
    return running;
  }

  /** One that nobody listens on. */
  public static int freePort() throws IOException {
    return Ports.free();
  }

  @Override
  public void close() {
    for (Running running : processes.reversed()) {
      if (ClassArchive.isDue(running)) {
        running.terminate();
        running.process().onExit().completeOnTimeout(null, LONGEST_END.toSeconds(), SECONDS).join();
      }
      running.process().destroyForcibly();
    }
    for (Running running : processes) {
      running.awaitEnd();
    }
  }
}
