package io.onnxfleet.inference.source;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one file. What is cut off is gone on with from where it ended, also by a later process;
 * what does not have the right content is deleted. Stateless, thread-safe.
 */
final class Download {
  private static final Logger log = LoggerFactory.getLogger(Download.class);
  private static final int MOST_TRIES = 5;

  private final long maxBytes;

  Download(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /**
   * Fetches a file, or what is missing of it.
   *
   * @param sha256 that it must have, or null
   * @param tag that it must still have, or null
   * @throws IOException if it cannot be had, is too large, or is another one
   */
  void fetch(Remote remote, URI url, @Nullable String sha256, @Nullable String tag, Path file)
      throws IOException, InterruptedException {
    for (int tries = 1; ; tries++) {
      try {
        fetchRest(remote, url, tag, file);
        break;
      } catch (IOException failure) {
        if (tries == MOST_TRIES) {
          throw new IOException(
              "%s: %s, %d times".formatted(url, failure.getMessage(), MOST_TRIES), failure);
        }
        log.warn("{} is gone on with after {}", url, failure.toString());
      }
    }
    String actual = sha256 == null ? null : Digests.of(file);
    if (actual != null && !actual.equals(sha256)) {
      Files.delete(file);
      throw new IOException("%s: SHA-256 %s (expected %s)".formatted(url, actual, sha256));
    }
  }

  private void fetchRest(Remote remote, URI url, @Nullable String tag, Path file)
      throws IOException, InterruptedException {
    long had = Files.exists(file) ? Files.size(file) : 0;
    try (Remote.Content content = remote.open(url, had, tag);
        OutputStream out =
            content.from() > 0
                ? Files.newOutputStream(file, CREATE, APPEND)
                : Files.newOutputStream(file, CREATE, TRUNCATE_EXISTING)) {
      copy(content.body(), out, maxBytes - content.from());
    } catch (Remote.NothingLeft whole) {
      // It may be the whole already, or another file's beginning: the digest tells.
      log.debug("{} is there already", url);
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
}
