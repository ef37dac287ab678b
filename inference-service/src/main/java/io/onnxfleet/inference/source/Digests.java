package io.onnxfleet.inference.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.engine.file.TextFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** SHA-256 of files, and lists of them. */
final class Digests {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern LINE = Pattern.compile("([0-9a-f]{64}) [ *](.+)");

  private Digests() {}

  static boolean isSha256(String text) {
    return SHA256.matcher(text).matches();
  }

  static String of(Path file) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream content = Files.newInputStream(file)) {
      byte[] buffer = new byte[1 << 16];
      for (int read = content.read(buffer); read >= 0; read = content.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static String of(String text) {
    return HexFormat.of().formatHex(sha256().digest(text.getBytes(UTF_8)));
  }

  /** A list of all files of a folder and below, as {@code sha256sum} writes it, by their paths. */
  static String listOf(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> paths = Files.walk(folder)) {
      files = paths.filter(Files::isRegularFile).sorted().toList();
    }
    try {
      return files.parallelStream()
          .map(file -> line(folder, file))
          .collect(Collectors.joining("\n"));
    } catch (UncheckedIOException failure) {
      throw failure.getCause();
    }
  }

  private static String line(Path folder, Path file) {
    try {
      return of(file) + "  " + folder.relativize(file);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** What a list names, as {@code sha256sum} writes it. */
  static List<Member> list(Path file) throws IOException {
    List<Member> members = new ArrayList<>();
    for (String line : TextFile.lines(file)) {
      Matcher parts = LINE.matcher(line);
      if (!parts.matches()) {
        throw new IOException(
            "line %d of %s (expected a digest, two spaces and a path)"
                .formatted(members.size() + 1, Source.DIGESTS));
      }
      members.add(new Member(parts.group(2), Member.ANY_SIZE, parts.group(1), null));
    }
    return members;
  }
}
