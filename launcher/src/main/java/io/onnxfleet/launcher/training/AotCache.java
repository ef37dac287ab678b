package io.onnxfleet.launcher.training;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.launcher.process.Await;
import io.onnxfleet.launcher.process.HttpProbe;
import io.onnxfleet.launcher.process.Launch;
import io.onnxfleet.launcher.process.Layout;
import io.onnxfleet.launcher.process.Ports;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Makes the AOT caches of the three services: what the JVM loads, links and profiles in its first
 * seconds, kept beside each layout as {@code application.aot}.
 *
 * <p>A fleet of one replica is started from the layouts, real requests are sent through its
 * gateway, and it is stopped; each JVM then writes its cache and {@code jvm.args} names it. A cache
 * is good for the same JDK, the same jars (by name, size and time) and a compatible command line; a
 * JVM that finds it otherwise starts without it. The layout may be moved or copied, if the jars
 * keep their times.
 *
 * <p>If anything fails, what was there before stays. For one thread, once.
 */
public final class AotCache {
  /** Services that have one. */
  public static final List<String> MODULES =
      List.of("discovery-server", "gateway-service", "inference-service");

  /** How long requests are sent. */
  public static final Duration LOAD = Duration.ofSeconds(8);

  private static final String CACHE = "application.aot";
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration LONGEST_START = Duration.ofMinutes(10);
  private static final Duration LONGEST_STOP = Duration.ofMinutes(4);

  private static final List<String> QUIET = List.of("-Xlog:aot=off", "-Xlog:cds=off");

  /** A JVM without a usable cache says so in several lines, and then runs as well as ever. */
  private static final List<String> WITH_CACHE =
      List.of("-XX:AOTCache=" + CACHE, QUIET.get(0), QUIET.get(1));

  /** Of the environment: a replica that knows one answers nobody but gateways. */
  private static final List<String> WITHOUT_SECRET =
      List.of("--fleet.secret=", "--fleet.secret-file=");

  private final Path root;
  private final Duration load;
  private final PrintStream out;
  private final HttpProbe probe = new HttpProbe(null, TIMEOUT);
  private final List<Trainee> trainees = new ArrayList<>();
  private boolean isOver;

  /**
   * Nothing is started yet.
   *
   * @param root in which the modules' layouts and {@code models/} lie
   * @param load how long requests are sent
   */
  public AotCache(Path root, Duration load, PrintStream out) {
    this.root = root;
    this.load = load;
    this.out = out;
  }

  /** Whether every service has one. */
  public static boolean isMade(Path root) {
    return MODULES.stream()
        .allMatch(module -> Files.isRegularFile(Layout.of(root, module).folder().resolve(CACHE)));
  }

  /** A process in training. */
  private record Trainee(String name, Layout layout, URI base, Process process) {
    Path fresh() {
      return layout.folder().resolve(CACHE + ".new");
    }

    Path log() {
      return logOf(layout);
    }
  }

  private static Path logOf(Layout layout) {
    return layout.folder().resolveSibling("aot-cache.log");
  }

  public void make() throws IOException, InterruptedException {
    Thread atExit = new Thread(this::kill);
    Runtime.getRuntime().addShutdownHook(atExit);
    try {
      int registryPort = Ports.free();
      Trainee registry = start(MODULES.get(0), registryPort, List.of());
      await(registry, "/actuator/health");
      String zone =
          "--eureka.client.service-url.defaultZone=http://%s:%d/eureka/"
              .formatted(Ports.HOST, registryPort);
      Trainee gateway = start(MODULES.get(1), Ports.free(), List.of(zone));
      Trainee replica =
          start(
              MODULES.get(2),
              Ports.free(),
              List.of(zone, "--fleet.inference.models=" + root.resolve("models")));
      String ready = ApiCall.MODEL_READY.path(TrainingLoad.MODEL, null);
      await(replica, ready);
      await(gateway, ready);
      try (TrainingLoad requests = new TrainingLoad(List.of(gateway.base(), replica.base()))) {
        requests.send(load);
      }
      for (Trainee trainee : List.of(gateway, replica, registry)) {
        trainee.process().destroy();
      }
      for (Trainee trainee : trainees) {
        keep(trainee);
      }
    } finally {
      kill();
      for (Trainee trainee : trainees) {
        Files.deleteIfExists(trainee.fresh());
        Files.deleteIfExists(
            trainee.fresh().resolveSibling(trainee.fresh().getFileName() + ".config"));
      }
      try {
        Runtime.getRuntime().removeShutdownHook(atExit);
      } catch (IllegalStateException ending) {
        // The hook has been at work: the recording was told to end.
        out.println("told to end");
      }
    }
  }

  private synchronized void kill() {
    isOver = true;
    trainees.forEach(trainee -> trainee.process().destroyForcibly());
  }

  private synchronized Trainee start(String module, int port, List<String> arguments)
      throws IOException {
    if (isOver) {
      throw new IOException("the recording ends");
    }
    Layout layout = Layout.of(root, module);
    List<String> options =
        withoutCache(Files.readAllLines(layout.folder().resolve(Layout.OPTIONS)));
    options.add("-XX:AOTCacheOutput=" + CACHE + ".new");
    options.addAll(QUIET);
    List<String> all = new ArrayList<>();
    all.add("--server.port=" + port);
    all.add("--server.address=" + Ports.HOST);
    all.addAll(WITHOUT_SECRET);
    all.addAll(arguments);
    Files.deleteIfExists(logOf(layout));
    Process process =
        new Launch(
                layout.folder(),
                layout.commandWithout(options, all),
                Map.of(),
                logOf(layout),
                false)
            .start();
    Trainee trainee =
        new Trainee(module, layout, URI.create("http://" + Ports.HOST + ":" + port), process);
    trainees.add(trainee);
    return trainee;
  }

  private void await(Trainee trainee, String path) throws IOException, InterruptedException {
    String what = "%s answers %s (see %s)".formatted(trainee.name(), path, trainee.log());
    new Await(LONGEST_START, POLL)
        .until(
            what,
            () -> {
              if (!trainee.process().isAlive()) {
                throw new IOException("%s ended (see %s)".formatted(trainee.name(), trainee.log()));
              }
              return probe.get(trainee.base().resolve(path)).isOk();
            });
  }

  /** Puts a cache in its place once it is whole, and only then names it in the options. */
  private void keep(Trainee trainee) throws IOException, InterruptedException {
    boolean ended = trainee.process().waitFor(LONGEST_STOP.toMillis(), TimeUnit.MILLISECONDS);
    if (!ended || !Files.isRegularFile(trainee.fresh())) {
      throw new IOException("%s made no cache (see %s)".formatted(trainee.name(), trainee.log()));
    }
    Path folder = trainee.layout().folder();
    Path options = folder.resolve(Layout.OPTIONS);
    List<String> lines = withoutCache(Files.readAllLines(options));
    lines.addAll(WITH_CACHE);
    Path freshOptions = options.resolveSibling(Layout.OPTIONS + ".new");
    Files.write(freshOptions, lines);
    Path cache = folder.resolve(CACHE);
    Files.move(trainee.fresh(), cache, StandardCopyOption.REPLACE_EXISTING);
    Files.move(freshOptions, options, StandardCopyOption.REPLACE_EXISTING);
    out.printf("%s: %d MiB%n", trainee.name(), Files.size(cache) >> 20);
  }

  private static List<String> withoutCache(List<String> options) {
    List<String> others = new ArrayList<>(options);
    others.removeAll(WITH_CACHE);
    return others;
  }
}
