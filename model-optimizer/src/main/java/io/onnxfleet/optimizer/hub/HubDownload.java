package io.onnxfleet.optimizer.hub;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;

import io.onnxfleet.engine.file.Inside;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.hub.HubException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpHeaders;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Brings files of a model at one commit. What breaks off is resumed where it ended, also by a later
 * process; what does not have the digest that the hub tells is deleted and refused. For one thread;
 * the connection stays its owner's.
 */
public final class HubDownload {
  private static final int MOST_TRIES = 5;
  private static final int PARTIAL = 206;
  private static final int NO_SUCH_RANGE = 416;
  private static final String PART = ".part";

  private final HubConnection connection;
  private final HubModel model;
  private final long maxBytes;
  private final Progress progress;

  /** Told how far it is. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called after each piece.
     *
     * @param bytes of the file that are there
     * @param of how many, or -1 if that is not known
     */
    void at(String file, long bytes, long of);
  }

  /**
   * For the files of one model.
   *
   * @param maxBytes of each file
   */
  public HubDownload(HubConnection connection, HubModel model, long maxBytes, Progress progress) {
    this.connection = connection;
    this.model = model;
    this.maxBytes = maxBytes;
    this.progress = progress;
  }

  /**
   * Brings a file unless it is there already, whole and as the hub had it.
   *
   * @throws HubException if it cannot be had, or is not what the hub says
   * @throws OptimizerException if it cannot be written
   */
  public void fetch(String name, Path folder) throws InterruptedException {
    try {
      Path file = Inside.of(folder, name);
      if (Files.isRegularFile(file)) {
        // INVARIANT: a file has its own name only once its digest was found right.
        return;
      }
      Path parent = file.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Path part = file.resolveSibling(file.getFileName() + PART);
      bring(name, part);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException unwritable) {
      throw unwritable(folder, unwritable);
    }
  }

  private void bring(String name, Path part) throws IOException, InterruptedException {
    String subject = model.reference().at(model.commit()) + ", " + name;
    for (int tries = 1; ; tries++) {
      try {
        requireDigest(bringRest(name, subject, part), subject, part);
        return;
      } catch (BrokenOff broken) {
        if (tries == MOST_TRIES) {
          throw new HubException(
              Reason.UNAVAILABLE,
              "%s: broke off %d times, last after %d bytes: %s; the same command resumes it"
                  .formatted(subject, MOST_TRIES, sizeOf(part), broken.getMessage()),
              broken);
        }
      }
    }
  }

  /** The connection failed, and not what is written to. */
  private static final class BrokenOff extends Exception {
    private static final long serialVersionUID = 1;

    BrokenOff(IOException cause) {
      super(String.valueOf(cause.getMessage()), cause);
    }
  }

  private HubDigest bringRest(String name, String subject, Path part)
      throws IOException, InterruptedException, BrokenOff {
    long had = sizeOf(part);
    try (HubConnection.Answer answer = open(name, had, subject)) {
      requireCommit(answer.first(), subject);
      long total = total(answer, had);
      if (total > maxBytes) {
        throw new HubException(
            Reason.WRONG,
            "%s: %d bytes (expected: <= %d, --max-bytes)".formatted(subject, total, maxBytes));
      }
      Optional<HubDigest> digest = HubDigest.of(answer.first());
      if (answer.status() == NO_SUCH_RANGE) {
        if (had != total || digest.isEmpty()) {
          Files.delete(part);
          throw new BrokenOff(new IOException("%d bytes were there of %d".formatted(had, total)));
        }
        return digest.get();
      }
      // What nothing is known of could be of two versions, or somebody else's.
      HubDigest wanted =
          digest.orElseThrow(
              () ->
                  new HubException(
                      Reason.WRONG,
                      "%s: the hub tells no digest (expected: SHA-256 or Git's SHA-1 in X-Linked-Etag or ETag)"
                          .formatted(subject)));
      boolean resumed = answer.status() == PARTIAL;
      if (resumed && !begins(answer.last(), had)) {
        Files.delete(part);
        throw new BrokenOff(new IOException("another range came than was asked for"));
      }
      requireRoom(total < 0 ? 0 : total - (resumed ? had : 0), part, subject);
      copy(answer.body(), part, resumed ? had : 0, name, total, subject);
      long size = sizeOf(part);
      if (total >= 0 && size != total) {
        throw tooShortOrLong(part, size, total);
      }
      return wanted;
    }
  }

  private static BrokenOff tooShortOrLong(Path part, long size, long total) throws IOException {
    if (size > total) {
      Files.delete(part);
    }
    return new BrokenOff(new IOException("%d bytes (expected: %d)".formatted(size, total)));
  }

  private HubConnection.Answer open(String name, long had, String subject)
      throws InterruptedException, BrokenOff {
    try {
      return connection.get(address(name), had, subject);
    } catch (IOException failure) {
      throw new BrokenOff(failure);
    }
  }

  private URI address(String name) {
    try {
      String path =
          new URI(
                  null,
                  null,
                  "/%s/resolve/%s/%s".formatted(model.reference().id(), model.commit(), name),
                  null)
              .getRawPath();
      return connection.address(path);
    } catch (URISyntaxException noPath) {
      throw new HubException(
          Reason.WRONG, "file '%s' (expected: a path)".formatted(HubClient.shown(name)), noPath);
    }
  }

  private void requireCommit(HttpHeaders headers, String subject) {
    String commit = headers.firstValue("X-Repo-Commit").orElse(model.commit());
    if (!commit.equals(model.commit())) {
      throw new HubException(
          Reason.WRONG,
          "%s: the hub answers with commit %s (expected: %s)"
              .formatted(subject, HubClient.shown(commit), model.commit()));
    }
  }

  private static boolean begins(HttpHeaders headers, long from) {
    return headers.firstValue("Content-Range").orElse("").startsWith("bytes " + from + "-");
  }

  /** Of the whole file, or -1 if nothing says it. */
  private static long total(HubConnection.Answer answer, long had) {
    OptionalLong linked = number(answer.first().firstValue("X-Linked-Size").orElse(""));
    if (linked.isPresent()) {
      return linked.getAsLong();
    }
    String range = answer.last().firstValue("Content-Range").orElse("");
    OptionalLong ofRange = number(range.substring(range.lastIndexOf('/') + 1));
    if (ofRange.isPresent()) {
      return ofRange.getAsLong();
    }
    OptionalLong length = answer.last().firstValueAsLong("Content-Length");
    if (answer.status() == NO_SUCH_RANGE || length.isEmpty()) {
      return -1;
    }
    return length.getAsLong() + (answer.status() == PARTIAL ? had : 0);
  }

  private static OptionalLong number(String text) {
    try {
      long number = Long.parseLong(text.strip());
      return number < 0 ? OptionalLong.empty() : OptionalLong.of(number);
    } catch (NumberFormatException noNumber) {
      return OptionalLong.empty();
    }
  }

  private static void requireRoom(long bytes, Path part, String subject) throws IOException {
    Path folder = part.toAbsolutePath().getParent();
    FileStore store = Files.getFileStore(folder == null ? part : folder);
    if (bytes > store.getUsableSpace()) {
      throw new OptimizerException(
          "%s: %d bytes are still to come, and %d are free in %s"
              .formatted(subject, bytes, store.getUsableSpace(), folder));
    }
  }

  private void copy(InputStream body, Path part, long had, String name, long total, String subject)
      throws IOException, BrokenOff {
    byte[] buffer = new byte[1 << 16];
    long bytes = had;
    try (OutputStream out =
        had > 0
            ? Files.newOutputStream(part, CREATE, APPEND)
            : Files.newOutputStream(part, CREATE, TRUNCATE_EXISTING)) {
      for (int read = read(body, buffer); read >= 0; read = read(body, buffer)) {
        bytes += read;
        if (bytes > maxBytes) {
          throw new HubException(
              Reason.WRONG,
              "%s: more than %d bytes (expected: fewer, --max-bytes)".formatted(subject, maxBytes));
        }
        out.write(buffer, 0, read);
        progress.at(name, bytes, total);
      }
    }
  }

  private static int read(InputStream body, byte[] buffer) throws BrokenOff {
    try {
      return body.read(buffer);
    } catch (IOException failure) {
      throw new BrokenOff(failure);
    }
  }

  private static void requireDigest(HubDigest wanted, String subject, Path part)
      throws IOException {
    HubDigest actual = wanted.ofFile(part);
    if (!actual.equals(wanted)) {
      Files.delete(part);
      throw new HubException(
          Reason.WRONG,
          "%s: %s (expected: %s, as the hub says)".formatted(subject, actual, wanted));
    }
  }

  private static long sizeOf(Path part) throws IOException {
    return Files.exists(part) ? Files.size(part) : 0;
  }

  private static OptimizerException unwritable(Path folder, IOException failure) {
    return new OptimizerException(
        "%s cannot be written: %s; the same command resumes it once there is room"
            .formatted(folder, failure.getMessage()),
        failure);
  }
}
