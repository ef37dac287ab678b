package io.onnxfleet.benchmarks.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Moves models into the folder that a replica follows, and asks it what became of them. */
final class Inbox {
  private static final Duration LONGEST = Duration.ofMinutes(2);

  /** The index of a hundred models costs both who writes and who reads it. */
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);

  private static final JsonMapper JSON = JsonMapper.shared();

  private final ChaosFleet fleet;
  private final Running replica;
  private final Path models;
  private final Path places;
  private final Path report;

  Inbox(ChaosFleet fleet, Running replica, Path models) throws IOException {
    this.fleet = fleet;
    this.replica = replica;
    this.models = models;
    this.places = Files.createDirectories(models.resolve(".inbox"));
    this.report = fleet.logs().resolve("outcomes.txt");
    Files.deleteIfExists(report);
  }

  /** Where a model is laid out before the replica sees it. */
  Path place(String model) {
    return places.resolve(model);
  }

  /**
   * Shows the models to the replica until it has come to a conclusion, and takes them away again.
   *
   * @return why each was refused, or nothing if it loaded; without those of no conclusion
   */
  Map<String, String> outcomes(List<String> names) throws IOException, InterruptedException {
    for (String name : names) {
      Files.move(place(name), models.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }
    Map<String, String> outcomes = new TreeMap<>();
    long end = System.nanoTime() + LONGEST.toNanos();
    while (outcomes.size() < names.size() && System.nanoTime() - end < 0) {
      Thread.sleep(BETWEEN_LOOKS);
      outcomes.putAll(concluded());
      outcomes.keySet().retainAll(names);
    }
    for (String name : names) {
      Files.move(models.resolve(name), place(name), StandardCopyOption.ATOMIC_MOVE);
      Folders.delete(place(name));
    }
    StringBuilder lines = new StringBuilder();
    outcomes.forEach((name, reason) -> lines.append(name + ": " + reason + "\n"));
    Files.writeString(report, lines, UTF_8, CREATE, APPEND);
    return outcomes;
  }

  private Map<String, String> concluded() throws InterruptedException {
    Map<String, String> reasons = new TreeMap<>();
    for (JsonNode line : JSON.readTree(fleet.index(replica))) {
      String state = line.path("state").asString();
      String reason = line.path("reason").asString();
      if (state.equals("READY")) {
        reasons.put(line.path("name").asString(), "");
      } else if (state.equals("UNAVAILABLE") && !reason.isBlank() && !reason.equals("not loaded")) {
        reasons.put(line.path("name").asString(), reason);
      }
    }
    return reasons;
  }
}
