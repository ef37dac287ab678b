package io.onnxfleet.launcher.supervision;

import io.onnxfleet.launcher.fleet.Fleet;
import io.onnxfleet.launcher.fleet.FleetHealth;
import io.onnxfleet.launcher.fleet.FleetLock;
import io.onnxfleet.launcher.fleet.FleetSettings;
import io.onnxfleet.launcher.fleet.Service;
import io.onnxfleet.launcher.process.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/**
 * The process beside a fleet that starts again what died of it, until the fleet is gone or it is
 * told to end. What it does stands in {@code .fleet/logs/supervisor.log}.
 */
public final class Supervisor {
  private static final Duration LOOK = Duration.ofMillis(500);
  private static final long LONGEST_LOG = 1 << 20;

  private final Fleet fleet;
  private final Time time;
  private final Path log;

  public Supervisor(Fleet fleet, Time time) {
    this.fleet = fleet;
    this.time = time;
    this.log = fleet.folder().log("supervisor");
  }

  public void run() throws IOException, InterruptedException {
    Supervision supervision = new Supervision(new RealFleet(), this::say);
    while (Files.isRegularFile(fleet.folder().settings())) {
      time.sleep(LOOK);
      try {
        supervision.look(time.nanos());
      } catch (IOException failed) {
        // The next look may succeed, and nobody else watches.
        say("could not look: " + failed);
      }
    }
  }

  private void say(String what) {
    String line =
        DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(
                Instant.now().truncatedTo(ChronoUnit.SECONDS).atZone(ZoneId.systemDefault()))
            + " "
            + what
            + "\n";
    try {
      if (Files.exists(log) && Files.size(log) > LONGEST_LOG) {
        Files.move(
            log, log.resolveSibling(log.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
      }
      Files.writeString(log, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException full) {
      System.err.print(line);
    }
  }

  /** By the files of the fleet's folder. */
  private final class RealFleet implements Supervised {
    @Override
    public boolean isThere() throws IOException {
      return fleet.settings().isPresent();
    }

    @Override
    public List<Service> services() throws IOException {
      return fleet.services();
    }

    @Override
    public boolean isAlive(Service service) throws IOException {
      return fleet.isAlive(service);
    }

    @Override
    public boolean isReady(Service service) throws IOException, InterruptedException {
      Optional<FleetSettings> settings = fleet.settings();
      return settings.isPresent() && new FleetHealth(fleet, settings.get()).isReady(service);
    }

    @Override
    public long pid(Service service) throws IOException {
      return fleet.pid(service).orElse(0);
    }

    @Override
    public String lastWords(Service service) throws IOException {
      return fleet.lastWords(service);
    }

    @Override
    public void restart(Service service, String words) throws IOException {
      fleet.restart(service, words);
    }

    @Override
    public boolean alone(Change change) throws IOException {
      return switch (FleetLock.attempt(fleet.folder())) {
        case FleetLock.Taken taken -> false;
        case FleetLock.Held(FleetLock lock) -> {
          try (lock) {
            change.make();
          }
          yield true;
        }
      };
    }
  }
}
