package io.onnxfleet.launcher.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How often each service was started again, and what it last died of. Written by the supervisor;
 * each file is whole.
 */
public final class Restarts {
  private static final String FILE = "restarts";

  private final Path file;

  Restarts(FleetFolder folder) {
    this.file = folder.run().resolve(FILE);
  }

  /** Of one service. */
  public record Restarted(int times, String words) {}

  public SortedMap<Service, Restarted> read() throws IOException {
    SortedMap<Service, Restarted> restarts = new TreeMap<>();
    if (Files.isRegularFile(file)) {
      for (String line : Files.readAllLines(file)) {
        String[] words = line.split(" ", 3);
        if (words.length == 3) {
          restarts.put(
              new Service(words[0]), new Restarted(Numbers.atLeast(FILE, words[1], 1), words[2]));
        }
      }
    }
    return restarts;
  }

  /** Counts one more. */
  void add(Service service, String words) throws IOException {
    SortedMap<Service, Restarted> restarts = read();
    restarts.merge(
        service,
        new Restarted(1, words),
        (before, now) -> new Restarted(before.times() + 1, words));
    List<String> lines = new ArrayList<>();
    restarts.forEach(
        (each, restarted) -> lines.add(each + " " + restarted.times() + " " + restarted.words()));
    Path fresh = file.resolveSibling(FILE + ".new");
    Files.write(fresh, lines);
    Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }
}
