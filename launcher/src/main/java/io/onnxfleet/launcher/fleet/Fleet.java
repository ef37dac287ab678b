package io.onnxfleet.launcher.fleet;

import io.onnxfleet.launcher.process.LastWords;
import io.onnxfleet.launcher.process.Launch;
import io.onnxfleet.launcher.process.MarkedProcess;
import io.onnxfleet.launcher.process.Ports;
import io.onnxfleet.launcher.process.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The fleet of a checkout: its processes, by what {@code .fleet/} says of them. Whoever starts or
 * stops holds the {@link FleetLock}; whoever looks need not. Has no state of its own.
 */
public final class Fleet {
  private static final int MOST_CRASHES = 16;
  private static final String SUPERVISOR = "supervisor";

  private final FleetFolder folder;
  private final FleetEnvironment environment;
  private final RunFiles run;
  private final Restarts restarts;
  private final ServiceLaunches launches;
  private final Time time;

  public Fleet(FleetFolder folder, FleetEnvironment environment, Time time) {
    this(folder, environment, time, new LayoutLaunches(folder, environment));
  }

  Fleet(FleetFolder folder, FleetEnvironment environment, Time time, ServiceLaunches launches) {
    this.folder = folder;
    this.environment = environment;
    this.run = new RunFiles(folder);
    this.restarts = new Restarts(folder);
    this.launches = launches;
    this.time = time;
  }

  public FleetFolder folder() {
    return folder;
  }

  public FleetEnvironment environment() {
    return environment;
  }

  // ---------------------------------------------------------------- what there is

  /** What it was started with; nothing where none was. */
  public Optional<FleetSettings> settings() throws IOException {
    return FleetSettings.read(folder, environment);
  }

  /** Every service that was started, in starting order. */
  public List<Service> services() throws IOException {
    return run.services();
  }

  /** By port. */
  public List<Service> replicas() throws IOException {
    return run.services().stream().filter(Service::isReplica).toList();
  }

  public boolean isAlive(Service service) throws IOException {
    Optional<MarkedProcess> process = run.process(service.name());
    return process.isPresent() && process.get().isAlive();
  }

  /** Whether anything of it runs. */
  public boolean isUp() throws IOException {
    if (settings().isEmpty()) {
      return false;
    }
    for (Service service : services()) {
      if (isAlive(service)) {
        return true;
      }
    }
    return false;
  }

  /** Also of a process that is dead. */
  public OptionalLong pid(Service service) throws IOException {
    Optional<RunFiles.Entry> entry = run.entry(service.name());
    return entry.isPresent() ? OptionalLong.of(entry.get().pid()) : OptionalLong.empty();
  }

  public OptionalInt port(Service service) throws IOException {
    Optional<RunFiles.Entry> entry = run.entry(service.name());
    return entry.isPresent() ? OptionalInt.of(entry.get().port()) : OptionalInt.empty();
  }

  /** What a dead process died of, in one line. */
  public String lastWords(Service service) throws IOException {
    Path report =
        folder.crashes().resolve("hs_err_%s_%d.log".formatted(service, pid(service).orElse(0)));
    return LastWords.of(
        folder.shown(report),
        report,
        List.of(folder.logs().resolve(service + ".out"), folder.log(service.name())));
  }

  /** How a death is told. */
  public String death(Service service) throws IOException {
    return "%s died: %s (log: %s)"
        .formatted(service, lastWords(service), folder.shown(folder.log(service.name())));
  }

  public Restarts restarts() {
    return restarts;
  }

  // ---------------------------------------------------------------- what is done

  /** Remembers what it is started with. */
  public void remember(FleetSettings settings) throws IOException {
    settings.write(folder);
  }

  /** Forgets a fleet of which nothing runs. */
  public void forget() throws IOException {
    if (Files.isDirectory(folder.run())) {
      run.removeAll();
    }
    Files.deleteIfExists(folder.settings());
  }

  /** Makes the folders that everything else writes to. */
  public void prepare() throws IOException {
    Files.createDirectories(folder.run());
    Files.createDirectories(folder.logs());
  }

  public static void requireFree(Service service, int port) throws IOException {
    if (Ports.isTaken(port)) {
      throw new IOException(
          "port %d, which %s needs, is taken (%s)".formatted(port, service, wayOut(service)));
    }
  }

  private static String wayOut(Service service) {
    if (service.isReplica()) {
      return "FLEET_REPLICA_PORT names another one to begin with";
    }
    return switch (service.name()) {
      case "gateway-service" -> "up --port names another";
      case "job-service" -> "FLEET_JOB_SERVICE_PORT names another, up --no-jobs starts none";
      default -> "FLEET_DISCOVERY_PORT names another";
    };
  }

  /** Starts a service on a free port. It goes on when this process ends. */
  public void start(Service service, int port, FleetSettings settings) throws IOException {
    requireFree(service, port);
    Path log = folder.log(service.name());
    Path output = folder.logs().resolve(service + ".out");
    deletePacked(log);
    if (Files.exists(log)) {
      Files.move(
          log, log.resolveSibling(log.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
    }
    Files.deleteIfExists(output);
    keepLatestCrashes();
    Launch launch = launches.of(service, port, settings, run.mark(service.name()), output);
    run.write(service, launch.start().pid(), port);
  }

  private static void deletePacked(Path log) throws IOException {
    String prefix = log.getFileName() + ".";
    try (Stream<Path> files = Files.list(log.getParent())) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (name.startsWith(prefix)
            && name.endsWith(".gz")
            && Character.isDigit(name.charAt(prefix.length()))) {
          Files.delete(file);
        }
      }
    }
  }

  private void keepLatestCrashes() throws IOException {
    Files.createDirectories(folder.crashes());
    record Report(Path file, FileTime time) {}
    List<Report> reports = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder.crashes())) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (name.startsWith("hs_err_") && name.endsWith(".log")) {
          reports.add(new Report(file, Files.getLastModifiedTime(file)));
        }
      }
    }
    reports.sort(Comparator.comparing(Report::time).reversed());
    for (Report old : reports.subList(Math.min(MOST_CRASHES, reports.size()), reports.size())) {
      Files.delete(old.file());
    }
  }

  /**
   * Ends services all at once, and forgets them.
   *
   * @param killed hears of what did not end in time
   */
  public void stop(List<Service> services, Consumer<Service> killed)
      throws IOException, InterruptedException {
    List<MarkedProcess> processes = new ArrayList<>();
    for (Service service : services) {
      run.process(service.name()).ifPresent(processes::add);
    }
    MarkedProcess.stop(
        processes,
        time,
        environment.stopTimeout(),
        process -> killed.accept(new Service(process.name())));
    for (Service service : services) {
      run.remove(service.name());
    }
  }

  // ---------------------------------------------------------------- supervisor

  public boolean isSupervised() throws IOException {
    Optional<MarkedProcess> supervisor = run.supervisor();
    return supervisor.isPresent() && supervisor.get().isAlive();
  }

  /** Whether that process is the supervisor. */
  public boolean isSupervisor(long pid) throws IOException {
    return run.supervisorMark().isBorneBy(pid);
  }

  /** Starts what starts dead services again, unless it runs. */
  public void supervise() throws IOException {
    if (isSupervised()) {
      return;
    }
    Launch launch =
        new Launch(
            launches.supervisorFolder(),
            launches.supervisor(run.supervisorMark()),
            Map.of(),
            folder.logs().resolve(SUPERVISOR + ".out"),
            true);
    run.writeSupervisor(launch.start().pid());
  }

  /** Ends it; who holds the lock then knows that nothing is started behind its back. */
  public void endSupervision() throws IOException, InterruptedException {
    Optional<MarkedProcess> supervisor = run.supervisor();
    if (supervisor.isPresent()) {
      MarkedProcess.stop(List.of(supervisor.get()), time, Duration.ofSeconds(5), killed -> {});
      run.removeSupervisor();
    }
  }

  /** Starts a dead service again as it was, and counts that. */
  public void restart(Service service, String words) throws IOException {
    OptionalInt port = port(service);
    Optional<FleetSettings> settings = settings();
    if (port.isPresent() && settings.isPresent()) {
      start(service, port.getAsInt(), settings.get());
      restarts.add(service, words);
    }
  }
}
