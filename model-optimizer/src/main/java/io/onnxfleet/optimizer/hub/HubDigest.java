package io.onnxfleet.optimizer.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.engine.file.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpHeaders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * By what a hub tells a file's content: SHA-256 of what it keeps as large files, and of all others
 * Git's, which is SHA-1 over {@code "blob "}, the length, a zero and the content.
 *
 * @param kind which of them
 * @param value in hexadecimal
 */
record HubDigest(Kind kind, String value) {
  enum Kind {
    SHA_256("SHA-256"),
    GIT("Git's SHA-1");

    private final String label;

    Kind(String label) {
      this.label = label;
    }
  }

  private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern GIT = Pattern.compile("[0-9a-f]{40}");

  /** What the hub's own answer says; empty if it names no digest. */
  static Optional<HubDigest> of(HttpHeaders headers) {
    return headers
        .firstValue("X-Linked-Etag")
        .flatMap(HubDigest::parse)
        .or(() -> headers.firstValue("ETag").flatMap(HubDigest::parse));
  }

  private static Optional<HubDigest> parse(String tag) {
    String value = tag.replaceFirst("^W/", "").replace("\"", "").strip();
    if (SHA_256.matcher(value).matches()) {
      return Optional.of(new HubDigest(Kind.SHA_256, value));
    }
    return GIT.matcher(value).matches()
        ? Optional.of(new HubDigest(Kind.GIT, value))
        : Optional.empty();
  }

  /** The same digest of a file. */
  HubDigest ofFile(Path file) throws IOException {
    return new HubDigest(
        kind,
        switch (kind) {
          case SHA_256 -> Sha256.of(file);
          case GIT -> gitOf(file);
        });
  }

  private static String gitOf(Path file) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-1");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
    digest.update(("blob " + Files.size(file) + "\0").getBytes(UTF_8));
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  @Override
  public String toString() {
    return kind.label + " " + value;
  }
}
