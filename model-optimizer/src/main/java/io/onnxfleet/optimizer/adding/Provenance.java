package io.onnxfleet.optimizer.adding;

import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.engine.file.Sha256;
import io.onnxfleet.optimizer.OptimizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where a model in the models folder came from: a file in its folder, by which it is known again.
 *
 * @param source as it was named
 * @param commit of the hub, or null
 * @param licence as the hub says it, or null
 * @param digests SHA-256 of each file, by its path
 */
record Provenance(
    String source, @Nullable String commit, @Nullable String licence, Map<String, String> digests) {
  static final String FILE = "fleet-source.json";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  Provenance {
    digests = Map.copyOf(digests);
  }

  /** Of a folder as it lies there. */
  static Provenance of(
      Path folder, String source, @Nullable String commit, @Nullable String licence)
      throws IOException {
    return new Provenance(source, commit, licence, digests(folder));
  }

  /** What was written into a folder; empty if nothing was. */
  static Optional<Provenance> read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      JsonNode root = JSON.readTree(Files.readString(file));
      Map<String, String> digests = new TreeMap<>();
      root.path("files")
          .properties()
          .forEach(entry -> digests.put(entry.getKey(), entry.getValue().asString("")));
      return Optional.of(
          new Provenance(
              root.path("source").asString(""),
              root.path("commit").isString() ? root.path("commit").asString() : null,
              root.path("licence").isString() ? root.path("licence").asString() : null,
              digests));
    } catch (JacksonException malformed) {
      throw new OptimizerException(
          "%s: %s (expected: JSON)".formatted(file, malformed.getOriginalMessage()), malformed);
    }
  }

  void write(Path folder) throws IOException {
    Files.writeString(folder.resolve(FILE), text());
  }

  /** What the file holds. */
  String text() {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("source", source);
    content.put("commit", commit);
    content.put("licence", licence);
    content.put("files", new TreeMap<>(digests));
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(content) + "\n";
  }

  /** True if the folder still has these files; others may have come. */
  boolean isIntact(Path folder) throws IOException {
    return digests(folder).entrySet().containsAll(digests.entrySet());
  }

  private static Map<String, String> digests(Path folder) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    for (Path file : Folders.files(folder)) {
      String name = folder.relativize(file).toString();
      if (!name.equals(FILE)) {
        digests.put(name, digest(file, name));
      }
    }
    return digests;
  }

  /** That a model belongs to a family is no part of what was brought. */
  private static String digest(Path file, String name) throws IOException {
    if (name.equals(FamilyJoining.CONFIGURATION)) {
      String content = Files.readString(file);
      String own = FamilyJoining.without(content);
      if (!own.equals(content)) {
        return Sha256.of(own);
      }
    }
    return Sha256.of(file);
  }
}
