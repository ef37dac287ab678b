package io.onnxfleet.jobs.api;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.file.StoredFile;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.store.ObjectWriter;
import jakarta.servlet.http.HttpServletRequest;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.tomcat.util.http.fileupload.FileItemIterator;
import org.apache.tomcat.util.http.fileupload.FileItemStream;
import org.apache.tomcat.util.http.fileupload.FileUpload;
import org.apache.tomcat.util.http.fileupload.FileUploadException;
import org.apache.tomcat.util.http.fileupload.InvalidFileNameException;
import org.apache.tomcat.util.http.fileupload.MultipartStream;
import org.apache.tomcat.util.http.fileupload.impl.FileUploadIOException;
import org.apache.tomcat.util.http.fileupload.servlet.ServletRequestContext;
import org.jspecify.annotations.Nullable;

/**
 * One upload, read part by part as it comes: the file goes straight to the store, whatever comes
 * before or behind it. Closing it before it is taken leaves nothing. Not thread-safe.
 */
final class Upload implements Closeable {
  private static final String PURPOSE = "purpose";
  private static final String FILE = "file";
  private static final int MOST_PARTS = 32;
  private static final int MOST_OF_A_FIELD = 4096;
  private static final int MOST_OF_A_HEAD = 8192;
  private static final int MOST_OF_A_NAME = 255;
  private static final int BLOCK = 64 << 10;

  private final ObjectStore store;
  private final long mostBytes;
  private final List<String> ignored = new ArrayList<>();
  private @Nullable ObjectWriter written;
  private @Nullable String purpose;
  private String filename = "";

  private Upload(ObjectStore store, long mostBytes) {
    this.store = store;
    this.mostBytes = mostBytes;
  }

  /**
   * Reads a request to its end.
   *
   * @throws JobException if it is no upload, or too large
   */
  static Upload read(HttpServletRequest request, ObjectStore store, long mostBytes)
      throws IOException {
    Upload upload = new Upload(store, mostBytes);
    boolean isRead = false;
    try {
      upload.readParts(request);
      isRead = true;
      return upload;
    } catch (FileUploadIOException | FileUploadException | InvalidFileNameException malformed) {
      throw JobException.invalid(FILE, "multipart: " + malformed.getMessage());
    } catch (MultipartStream.MalformedStreamException broken) {
      throw JobException.invalid(FILE, "multipart: it ended too early: " + broken.getMessage());
    } finally {
      if (!isRead) {
        upload.close();
      }
    }
  }

  private void readParts(HttpServletRequest request) throws IOException {
    FileUpload parser = new FileUpload();
    parser.setHeaderEncoding(StandardCharsets.UTF_8.name());
    parser.setPartHeaderSizeMax(MOST_OF_A_HEAD);
    FileItemIterator parts = parser.getItemIterator(new ServletRequestContext(request));
    int count = 0;
    while (parts.hasNext()) {
      if (++count > MOST_PARTS) {
        throw JobException.invalid(
            FILE, "multipart: more than %d parts (expected: fewer)".formatted(MOST_PARTS));
      }
      take(parts.next());
    }
    requireWhole();
  }

  private void take(FileItemStream part) throws IOException {
    String name = String.valueOf(part.getFieldName());
    switch (name) {
      case FILE -> {
        if (written != null) {
          throw JobException.invalid(FILE, "file: a second one (expected: one)");
        }
        filename = named(part.getName());
        copy(part);
      }
      case PURPOSE -> {
        if (purpose != null) {
          throw JobException.invalid(PURPOSE, "purpose: a second one (expected: one)");
        }
        purpose = text(part);
        requirePurpose(purpose);
      }
      default -> {
        text(part);
        ignored.add(name);
      }
    }
  }

  private static void requirePurpose(String given) {
    if (!given.equals(StoredFile.INPUT)) {
      throw JobException.invalid(
          PURPOSE, "purpose: '%s' (expected: '%s')".formatted(given, StoredFile.INPUT));
    }
  }

  /** As it is told; no part of it ever becomes part of a path. */
  private static String named(@Nullable String given) {
    if (given == null || given.isBlank()) {
      throw JobException.invalid(FILE, "file: no file name (expected: one)");
    }
    if (given.length() > MOST_OF_A_NAME || given.chars().anyMatch(Character::isISOControl)) {
      throw JobException.invalid(
          FILE,
          "file: a name of %d characters (expected: 1 to %d, none of them a control character)"
              .formatted(given.length(), MOST_OF_A_NAME));
    }
    return given;
  }

  private void copy(FileItemStream part) throws IOException {
    ObjectWriter target = store.create();
    written = target;
    byte[] block = new byte[BLOCK];
    try (InputStream content = part.openStream()) {
      for (int read = content.read(block); read >= 0; read = content.read(block)) {
        if (target.size() + read > mostBytes) {
          throw new JobException(
              ErrorCode.REQUEST_TOO_LARGE,
              "file: more than %d bytes (expected: <= %d)".formatted(mostBytes, mostBytes),
              FILE);
        }
        target.write(block, 0, read);
      }
    }
  }

  private static String text(FileItemStream part) throws IOException {
    try (InputStream content = part.openStream()) {
      byte[] bytes = content.readNBytes(MOST_OF_A_FIELD + 1);
      if (bytes.length > MOST_OF_A_FIELD) {
        throw JobException.invalid(
            String.valueOf(part.getFieldName()),
            "%s: more than %d bytes (expected: fewer)"
                .formatted(part.getFieldName(), MOST_OF_A_FIELD));
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  private void requireWhole() {
    if (purpose == null) {
      throw JobException.invalid(PURPOSE, "purpose: none (expected: '" + StoredFile.INPUT + "')");
    }
    if (written == null) {
      throw JobException.invalid(FILE, "file: none (expected: one)");
    }
  }

  String filename() {
    return filename;
  }

  /** Fields that changed nothing. */
  List<String> ignored() {
    return List.copyOf(ignored);
  }

  ObjectWriter written() {
    if (written == null) {
      throw new IllegalStateException("no file was read");
    }
    return written;
  }

  @Override
  public void close() throws IOException {
    if (written != null) {
      written.close();
    }
  }
}
