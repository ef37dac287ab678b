package io.onnxfleet.inference.protocol.openai;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * When models' folders were last changed, as each load found them: no request looks at a file
 * system. Thread-safe. Bounded by the models that were READY at some time.
 */
final class CreationTimes {
  private final ConcurrentMap<String, Seen> seen = new ConcurrentHashMap<>();

  /** By the load that it is of. */
  private record Seen(Object load, long seconds) {}

  /**
   * Seconds since 1970.
   *
   * @param load stands for the load that made the model READY
   */
  long of(String model, Object load, Path folder) {
    return seen.compute(
            model,
            (_, before) ->
                before != null && before.load().equals(load)
                    ? before
                    : new Seen(load, read(folder)))
        .seconds();
  }

  private static long read(Path folder) {
    try {
      return Files.getLastModifiedTime(folder).toMillis() / 1000;
    } catch (IOException gone) {
      // It was loaded, and serves; its files are not needed any more.
      return Instant.now().getEpochSecond();
    }
  }
}
