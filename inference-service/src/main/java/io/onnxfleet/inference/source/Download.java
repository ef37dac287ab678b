package io.onnxfleet.inference.source;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings an archive into a file. What is cut off is gone on with from where it ended, also by a
 * later process; what does not have the right content is deleted. Stateless, thread-safe.
 */
final class ArchiveDownload {
  private static final Logger log = LoggerFactory.getLogger(ArchiveDownload.class);
  private static final int MOST_TRIES = 5;
  private static final int OK = 200;
  private static final int PARTIAL = 206;
  private static final Duration CONNECT = Duration.ofSeconds(10);

  /** Until an answer begins. */
  private static final Duration ANSWER = Duration.ofSeconds(60);

  private final long maxBytes;

  ArchiveDownload(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /**
   * Fetches an archive, or what is missing of it.
   *
   * @throws IOException if it cannot be had, is too large, or is another one
   */
  void fetch(Archive archive, Path file) throws IOException, InterruptedException {
    try (HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(CONNECT)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build()) {
      for (int tries = 1; ; tries++) {
        try {
          fetchRest(client, archive.url(), file);
          break;
        } catch (IOException failure) {
          if (tries == MOST_TRIES) {
            throw new IOException(
                "%s: %s, %d times".formatted(archive.url(), failure, MOST_TRIES), failure);
          }
          log.warn("{} is gone on with after {}", archive.url(), failure.toString());
        }
      }
    }
    String sha256 = sha256(file);
    if (!sha256.equals(archive.sha256())) {
      Files.delete(file);
      throw new IOException(
          "%s: SHA-256 %s (expected %s)".formatted(archive.url(), sha256, archive.sha256()));
    }
  }

  private void fetchRest(HttpClient client, URI url, Path file)
      throws IOException, InterruptedException {
    long had = Files.exists(file) ? Files.size(file) : 0;
    HttpRequest.Builder request = HttpRequest.newBuilder(url).timeout(ANSWER).GET();
    if (had > 0) {
      request.header("Range", "bytes=" + had + "-");
    }
    HttpResponse<InputStream> response = client.send(request.build(), BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      boolean rest =
          response.statusCode() == PARTIAL
              && response
                  .headers()
                  .firstValue("Content-Range")
                  .orElse("")
                  .startsWith("bytes " + had + "-");
      if (!rest && response.statusCode() != OK) {
        // What is there may be the whole already, or of another archive: the digest tells.
        if (had > 0 && response.statusCode() == 416) {
          return;
        }
        throw new IOException("status %d (expected: 200)".formatted(response.statusCode()));
      }
      try (OutputStream out =
          rest
              ? Files.newOutputStream(file, CREATE, APPEND)
              : Files.newOutputStream(file, CREATE, TRUNCATE_EXISTING)) {
        copy(body, out, maxBytes - (rest ? had : 0));
      }
    }
  }

  private static void copy(InputStream body, OutputStream out, long most) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long left = most;
    for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
      left -= read;
      if (left < 0) {
        throw new IOException("more bytes than max-source-cache (expected: <= that)");
      }
      out.write(buffer, 0, read);
    }
  }

  private static String sha256(Path file) throws IOException {
    try (InputStream content = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 16];
      for (int read = content.read(buffer); read >= 0; read = content.read(buffer)) {
        digest.update(buffer, 0, read);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
