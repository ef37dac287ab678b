package io.onnxfleet.launcher;

import io.onnxfleet.launcher.fleet.Fleet;
import io.onnxfleet.launcher.fleet.FleetEnvironment;
import io.onnxfleet.launcher.fleet.FleetFolder;
import io.onnxfleet.launcher.fleet.FleetHealth;
import io.onnxfleet.launcher.fleet.FleetSettings;
import io.onnxfleet.launcher.fleet.Numbers;
import io.onnxfleet.launcher.fleet.Service;
import io.onnxfleet.launcher.jobs.JobsCommand;
import io.onnxfleet.launcher.process.Ports;
import io.onnxfleet.launcher.process.Time;
import io.onnxfleet.launcher.supervision.Supervisor;
import io.onnxfleet.launcher.training.AotCache;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The commands of {@code ./fleet}: the first argument names one, the others are its own. Exits with
 * 1 and a line that begins with {@code fleet:} when it cannot be done. Arguments are read by hand:
 * a library for them would take longer to load than most commands take.
 */
public final class Launcher {
  private static final String NOT_RUNNING = "the fleet is not running";

  private final Fleet fleet;
  private final Path directory;
  private final Console console;
  private final Time time;
  private final Programs programs;
  private final Certificates certificates;
  private final Caches caches;

  Launcher(
      FleetFolder folder,
      Path directory,
      Map<String, String> variables,
      Console console,
      Time time) {
    this(
        new Fleet(folder, FleetEnvironment.of(variables, folder, directory), time),
        directory,
        console,
        time);
  }

  Launcher(Fleet fleet, Path directory, Console console, Time time) {
    this.fleet = fleet;
    this.directory = directory;
    this.console = console;
    this.time = time;
    this.programs = new Programs(fleet, directory);
    this.certificates = new Certificates(fleet.folder());
    this.caches = new Caches(fleet, console);
  }

  public static void main(String[] arguments) throws InterruptedException {
    Path here = Path.of("").toAbsolutePath();
    Path root = Path.of(System.getProperty("onnxfleet.root", here.toString()));
    Path directory = Path.of(System.getProperty("onnxfleet.directory", here.toString()));
    Console console = new Console(System.out, System.err);
    int code = 1;
    try {
      code =
          new Launcher(new FleetFolder(root), directory, System.getenv(), console, Time.SYSTEM)
              .execute(List.of(arguments));
    } catch (IllegalArgumentException wrong) {
      console.complain(message(wrong));
    }
    System.exit(code);
  }

  /** One command's exit code. */
  int execute(List<String> arguments) throws InterruptedException {
    try {
      return run(arguments.isEmpty() ? "help" : arguments.getFirst(), rest(arguments));
    } catch (IOException | IllegalArgumentException failed) {
      console.complain(message(failed));
      return 1;
    }
  }

  private static List<String> rest(List<String> arguments) {
    return arguments.isEmpty() ? arguments : arguments.subList(1, arguments.size());
  }

  /** A file's error has no more than its name for a message. */
  static String message(Exception failed) {
    return failed instanceof FileSystemException
        ? failed.toString()
        : String.valueOf(failed.getMessage());
  }

  private int run(String command, List<String> arguments) throws IOException, InterruptedException {
    return switch (command) {
      case "up" -> upCommand().run(UpOptions.of(arguments, directory));
      case "check-up" -> {
        upCommand().check(UpOptions.of(arguments, directory));
        yield 0;
      }
      case "down" -> {
        requireNone(command, arguments);
        yield down();
      }
      case "status" -> {
        requireNone(command, arguments);
        yield status();
      }
      case "scale" -> scale(arguments);
      case "tls" -> tls(arguments);
      case "demo" -> demo(arguments);
      case "key" -> programs.key(arguments, console);
      case "bench" -> programs.bench(arguments);
      case "bench-raw" -> programs.raw(arguments);
      case "bench-balancing", "bench-on-demand" -> {
        requireNone(command, arguments);
        yield programs.benchmarks(command.substring("bench-".length()), arguments);
      }
      case "bench-ceiling",
          "bench-policies",
          "bench-tiny-model",
          "bench-batched-model",
          "bench-autoscaling" ->
          programs.benchmarks(command.substring("bench-".length()), arguments);
      case "chaos" -> chaos(arguments);
      case "optimize" -> programs.optimize(arguments);
      case "add" -> programs.add(arguments);
      case "jobs" -> jobs(arguments);
      case "aot-cache" -> recordCache(arguments);
      case "supervise" -> {
        new Supervisor(fleet, time).run();
        yield 0;
      }
      default ->
          throw new IllegalArgumentException(
              "unknown command '" + command + "' (./fleet help lists them)");
    };
  }

  private static void requireNone(String command, List<String> arguments) {
    if (!arguments.isEmpty()) {
      throw new IllegalArgumentException(
          command + ": unknown option '" + arguments.getFirst() + "'");
    }
  }

  private UpCommand upCommand() {
    return new UpCommand(fleet, certificates, caches, console, time);
  }

  private int down() throws IOException, InterruptedException {
    return Change.make(
        fleet,
        console,
        time,
        change -> {
          fleet.endSupervision();
          List<Service> replicas = fleet.replicas();
          boolean wasUp = !fleet.services().isEmpty();
          for (List<Service> together :
              List.of(
                  List.of(Service.GATEWAY, Service.JOBS), replicas, List.of(Service.REGISTRY))) {
            fleet.stop(together, service -> console.say(Change.notStopped(fleet, service)));
          }
          fleet.forget();
          console.say(wasUp ? "the fleet is down" : NOT_RUNNING);
          return 0;
        });
  }

  private int status() throws IOException, InterruptedException {
    Optional<FleetSettings> settings = fleet.settings();
    if (settings.isEmpty() || fleet.services().isEmpty()) {
      console.say(NOT_RUNNING);
      return 1;
    }
    boolean allReady =
        new StatusTable(fleet, new FleetHealth(fleet, settings.get())).print(console);
    fleet
        .restarts()
        .read()
        .forEach(
            (service, restarted) ->
                console.say(
                    "%s was restarted %d time%s, last because it died: %s"
                        .formatted(
                            service,
                            restarted.times(),
                            restarted.times() == 1 ? "" : "s",
                            restarted.words())));
    for (Service service : fleet.services()) {
      if (!fleet.isAlive(service)) {
        console.complain(fleet.death(service));
        allReady = false;
      }
    }
    if (settings.get().restarts() && !fleet.isSupervised()) {
      console.err().println("nothing restarts what dies: ./fleet up starts the supervisor again");
    }
    return allReady ? 0 : 1;
  }

  private int scale(List<String> arguments) throws IOException, InterruptedException {
    if (arguments.size() != 1) {
      throw new IllegalArgumentException(
          "scale: " + arguments.size() + " arguments (expected: the number of replicas)");
    }
    int count = Numbers.atLeast("scale", arguments.getFirst(), 1);
    return Change.make(fleet, console, time, change -> scale(count, change));
  }

  private int scale(int count, Change change) throws IOException, InterruptedException {
    Optional<FleetSettings> running = fleet.isUp() ? fleet.settings() : Optional.empty();
    if (running.isEmpty()) {
      throw new IOException(NOT_RUNNING + "; ./fleet up starts it");
    }
    Starting.requireAlive(fleet, Service.REGISTRY);
    Starting.requireAlive(fleet, Service.GATEWAY);
    FleetSettings wanted = running.get().withReplicas(count);
    List<Service> extra = new ArrayList<>(fleet.replicas());
    for (int port : wanted.replicaPorts(count)) {
      extra.remove(Service.replica(port));
    }
    Starting starting = new Starting(fleet, wanted, change, console, time);
    starting.startReplicas();
    if (!extra.isEmpty()) {
      fleet.stop(extra, service -> console.say(Change.notStopped(fleet, service)));
    }
    starting.awaitReplicas();
    change.keep();
    fleet.remember(wanted);
    boolean allReady = new StatusTable(fleet, new FleetHealth(fleet, wanted)).print(console);
    return allReady ? 0 : 1;
  }

  private int tls(List<String> arguments) throws IOException, InterruptedException {
    requireNone("tls", arguments);
    return Change.make(
        fleet,
        console,
        time,
        change -> {
          certificates.makeAll();
          console.say(
              "new certificates in .fleet/tls, by the authority .fleet/tls/ca.p12"
                  + " (remove it for another one)");
          Optional<FleetSettings> running = fleet.isUp() ? fleet.settings() : Optional.empty();
          console.say(
              running.isPresent() && running.get().tls()
                  ? "the running fleet takes them up within seconds"
                  : "./fleet up --tls starts a fleet with them");
          return 0;
        });
  }

  private int demo(List<String> arguments) throws IOException, InterruptedException {
    requireNone("demo", arguments);
    int code = upCommand().runAtOnce();
    Optional<FleetSettings> settings = fleet.settings();
    if (code != 0 || settings.isEmpty()) {
      return code;
    }
    console.say();
    String gateway = new FleetHealth(fleet, settings.get()).gateway("").toString();
    if (programs.benchmarks("demo", List.of(gateway)) != 0) {
      throw new IOException("the demonstration failed");
    }
    console.say();
    console.say("the fleet still runs: ./fleet status shows it, ./fleet down stops it");
    return 0;
  }

  private int jobs(List<String> arguments) throws IOException, InterruptedException {
    FleetSettings settings =
        fleet
            .settings()
            .orElseGet(() -> FleetSettings.ofDefaults(fleet.folder(), fleet.environment()));
    return new JobsCommand(
            URI.create("http://" + Ports.HOST + ":" + settings.gatewayPort()),
            fleet.environment().apiKey(),
            directory,
            console.out(),
            console.err(),
            time,
            isTerminal())
        .run(arguments);
  }

  private static boolean isTerminal() {
    return Optional.ofNullable(System.console()).stream().anyMatch(known -> known.isTerminal());
  }

  private int chaos(List<String> arguments) throws IOException, InterruptedException {
    fleet.prepare();
    if (arguments.stream().noneMatch(Programs.HELP::contains)) {
      caches.makeIfNeeded();
    }
    List<String> all = new ArrayList<>(List.of("--root", fleet.folder().root().toString()));
    all.addAll(arguments);
    return programs.benchmarks("chaos", all);
  }

  private int recordCache(List<String> arguments) throws IOException, InterruptedException {
    if (arguments.isEmpty() || arguments.size() > 2) {
      throw new IllegalArgumentException(
          "aot-cache: "
              + arguments.size()
              + " arguments (expected: root of the layouts, seconds of load)");
    }
    Duration load =
        arguments.size() == 2
            ? Duration.ofSeconds(Numbers.atLeast("seconds of load", arguments.get(1), 1))
            : AotCache.LOAD;
    Path root = directory.resolve(arguments.getFirst()).toRealPath();
    new AotCache(root, load, console.out()).make();
    return 0;
  }
}
