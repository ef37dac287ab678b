package io.onnxfleet.engine.textsettings;

import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import io.onnxfleet.engine.file.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The project's table of text models whose ONNX files often come without the files that say how to
 * use them. Each line says where it was read. Immutable, thread-safe.
 */
final class KnownTextModels {
  private static final String RESOURCE = "known-text-models.json";

  /** What people put behind a model's name when they convert it. */
  private static final Pattern CONVERSION =
      Pattern.compile(
          "(-(onnx|ort|q|q8|q4|int8|uint8|quantized|dynamic|fp16|fp32|bf16|optimized|o[1-4]|main))+$");

  private static final class Holder {
    static final KnownTextModels TABLE = new KnownTextModels(readTable());
  }

  private final List<Entry> entries;

  private KnownTextModels(List<Entry> entries) {
    this.entries = entries;
  }

  /**
   * A line of the table.
   *
   * @param names without the owner's
   * @param dimensions of a token's vector
   * @param pooling a {@link PoolingMode}
   * @param normalize whether its authors scale vectors to length 1, or null if that is not known
   * @param read where
   * @param files the ONNX files that are known to hold it
   */
  record Entry(
      List<String> names,
      int dimensions,
      String pooling,
      @Nullable Boolean normalize,
      @Nullable Integer maxSequenceLength,
      @Nullable Map<String, String> prompts,
      String read,
      @Nullable List<KnownFile> files) {

    Map<String, String> promptsOrNone() {
      return prompts == null ? Map.of() : prompts;
    }

    private List<KnownFile> filesOrNone() {
      return files == null ? List.of() : files;
    }
  }

  /** A file by its content. */
  record KnownFile(long size, String sha256) {}

  static KnownTextModels table() {
    return Holder.TABLE;
  }

  List<Entry> entries() {
    return entries;
  }

  /** By a model's name, with or without its owner's, in any case. */
  Optional<Entry> byName(String name) {
    String plain = plain(name);
    return plain.isEmpty()
        ? Optional.empty()
        : entries.stream()
            .filter(entry -> entry.names().stream().anyMatch(known -> plain(known).equals(plain)))
            .findFirst();
  }

  /** By a file's content; one is only read through if its size is that of a known file. */
  Optional<Entry> byContent(Path file) throws IOException {
    long size = Files.size(file);
    List<Entry> candidates =
        entries.stream()
            .filter(entry -> entry.filesOrNone().stream().anyMatch(known -> known.size() == size))
            .toList();
    if (candidates.isEmpty()) {
      return Optional.empty();
    }
    String digest = Sha256.of(file);
    return candidates.stream()
        .filter(
            entry ->
                entry.filesOrNone().stream()
                    .anyMatch(known -> known.size() == size && known.sha256().equals(digest)))
        .findFirst();
  }

  private static String plain(String name) {
    String end = name.strip();
    while (end.endsWith("/") || end.endsWith("\\")) {
      end = end.substring(0, end.length() - 1);
    }
    end = end.substring(Math.max(end.lastIndexOf('/'), end.lastIndexOf('\\')) + 1);
    String plain = end.toLowerCase(Locale.ROOT).replace('_', '-').replace(".", "");
    return CONVERSION.matcher(plain).replaceFirst("");
  }

  private static List<Entry> readTable() {
    try (InputStream in =
            Objects.requireNonNull(KnownTextModels.class.getResourceAsStream(RESOURCE), RESOURCE);
        InputStreamReader reader = new InputStreamReader(in, StandardCharsets.UTF_8)) {
      return List.copyOf(new Gson().fromJson(reader, new TypeToken<List<Entry>>() {}));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
