package io.onnxfleet.engine.repository.check;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/** What is often found where a model was meant to be, told by its first bytes. */
final class FileKind {
  static final int BYTES_NEEDED = 64;

  private FileKind() {}

  /** What else the bytes begin, or empty if they may begin a model. */
  static Optional<String> other(byte[] head) {
    if (head.length == 0) {
      return Optional.of("an empty file");
    }
    String text = new String(head, StandardCharsets.ISO_8859_1);
    String lower = text.stripLeading().toLowerCase(Locale.ROOT);
    if (text.startsWith("version https://git-lfs")) {
      return Optional.of("a pointer of Git LFS, whose file was not fetched");
    }
    if (lower.startsWith("<!doctype") || lower.startsWith("<html") || lower.startsWith("<?xml")) {
      return Optional.of("a page of HTML or XML");
    }
    if (text.startsWith("\u001f\u008b")) {
      return Optional.of("compressed by gzip");
    }
    if (text.startsWith("PK\u0003\u0004")) {
      return Optional.of("a zip archive");
    }
    if (text.startsWith("\u0089PNG")) {
      return Optional.of("a PNG image");
    }
    if (isOrtFormat(head)) {
      return Optional.of("in ORT's own format (expected under a name that ends in .ort)");
    }
    return Optional.empty();
  }

  static boolean isOrtFormat(byte[] head) {
    return head.length >= 8 && new String(head, 4, 4, StandardCharsets.ISO_8859_1).equals("ORTM");
  }
}
