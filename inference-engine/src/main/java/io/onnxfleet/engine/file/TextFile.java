package io.onnxfleet.engine.file;

import java.io.IOException;
import java.io.UnsupportedEncodingException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Text files that people write or bring, in UTF-8 with or without a byte order mark in front. Other
 * encodings are refused by name: read as UTF-8 they would fail at their first character, or be
 * taken for something else.
 */
public final class TextFile {
  private TextFile() {}

  /**
   * The text of a file, without the mark.
   *
   * @throws UnsupportedEncodingException saying what came and what was expected, if it is not UTF-8
   */
  public static String read(Path file) throws IOException {
    return text(Files.readAllBytes(file));
  }

  /** The lines of a file, without the mark; see {@link #read}. */
  public static List<String> lines(Path file) throws IOException {
    return read(file).lines().toList();
  }

  /** The text that a file's bytes are; see {@link #read}. */
  public static String text(byte[] bytes) throws UnsupportedEncodingException {
    int start = startsWith(bytes, 0xEF, 0xBB, 0xBF) ? 3 : 0;
    String other = otherEncoding(bytes);
    if (!other.isEmpty()) {
      throw new UnsupportedEncodingException("encoded as " + other + " (expected UTF-8)");
    }
    ByteBuffer content = ByteBuffer.wrap(bytes, start, bytes.length - start);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(content).toString();
    } catch (CharacterCodingException malformed) {
      throw new UnsupportedEncodingException(
          "not UTF-8: byte %d is 0x%02X (expected UTF-8)"
              .formatted(content.position(), bytes[content.position()] & 0xFF));
    }
  }

  /** What the first bytes say, or empty. UTF-32's mark begins as UTF-16's does. */
  private static String otherEncoding(byte[] bytes) {
    if (startsWith(bytes, 0xFF, 0xFE, 0, 0) || startsWith(bytes, 0, 0, 0xFE, 0xFF)) {
      return "UTF-32";
    }
    if (startsWith(bytes, 0xFF, 0xFE) || startsWith(bytes, 0xFE, 0xFF)) {
      return "UTF-16";
    }
    // Without a mark, one of the first two characters' halves is a zero, as no text begins.
    return bytes.length > 1 && (bytes[0] == 0 || bytes[1] == 0) ? "UTF-16" : "";
  }

  private static boolean startsWith(byte[] bytes, int... mark) {
    if (bytes.length < mark.length) {
      return false;
    }
    for (int index = 0; index < mark.length; index++) {
      if ((bytes[index] & 0xFF) != mark[index]) {
        return false;
      }
    }
    return true;
  }
}
