package io.onnxfleet.optimizer.auto;

import io.onnxfleet.optimizer.OptimizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a search has measured so far, in a file of its workspace, so that it can go on where it was
 * stopped. Entries of another model or other options are forgotten. Not thread-safe.
 */
final class Ledger {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final Path file;
  private final String fingerprint;
  private final List<Measurement> measurements = new ArrayList<>();

  private record Content(String fingerprint, List<Measurement> measurements) {}

  private Ledger(Path file, String fingerprint) {
    this.file = file;
    this.fingerprint = fingerprint;
  }

  static Ledger open(Path file, String fingerprint) {
    Ledger ledger = new Ledger(file, fingerprint);
    if (Files.exists(file)) {
      try {
        Content content = MAPPER.readValue(Files.readString(file), Content.class);
        if (content.fingerprint().equals(fingerprint)) {
          ledger.measurements.addAll(content.measurements());
        }
      } catch (IOException | JacksonException unreadable) {
        throw new OptimizerException(
            "%s cannot be read: %s (remove it to begin anew)"
                .formatted(file, unreadable.getMessage()),
            unreadable);
      }
    }
    return ledger;
  }

  Optional<Measurement> find(String name) {
    return measurements.stream().filter(found -> found.name().equals(name)).findFirst();
  }

  List<Measurement> all() {
    return List.copyOf(measurements);
  }

  /** Adds one; it is on disk when this returns. */
  void add(Measurement measurement) {
    measurements.add(measurement);
    Path fresh = file.resolveSibling(file.getFileName() + ".fresh");
    try {
      Files.writeString(fresh, MAPPER.writeValueAsString(new Content(fingerprint, measurements)));
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be written: %s".formatted(file, failure), failure);
    }
  }
}
