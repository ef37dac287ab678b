package io.onnxfleet.contract.api;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** One segment of a path, in which a name may hold any character. Stateless. */
public final class PathSegment {

  /**
   * What RFC 3986 lets stand in a segment as it is, beside letters and digits; without the
   * semicolon, behind which frameworks read parameters that are no part of a name.
   */
  private static final String PLAIN = "-._~!$&'()*+,=:@";

  private static final char[] HEX = "0123456789ABCDEF".toCharArray();

  private PathSegment() {}

  /** A name as a path bears it. */
  public static String write(String name) {
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    StringBuilder segment = new StringBuilder(utf8.length + 16);
    for (byte next : utf8) {
      if (isPlain(next)) {
        segment.append((char) next);
      } else {
        segment.append('%').append(HEX[(next >> 4) & 0xF]).append(HEX[next & 0xF]);
      }
    }
    return segment.toString();
  }

  private static boolean isPlain(byte next) {
    return (next >= 'a' && next <= 'z')
        || (next >= 'A' && next <= 'Z')
        || (next >= '0' && next <= '9')
        || (next > 0 && PLAIN.indexOf(next) >= 0);
  }

  /** The name that a path's segment bears; null if it bears none. */
  public static @Nullable String read(String path, int from, int to) {
    if (from == to) {
      return null;
    }
    for (int at = from; at < to; at++) {
      if (path.charAt(at) == '%') {
        return decoded(path.substring(from, to));
      }
    }
    return path.substring(from, to);
  }

  private static @Nullable String decoded(String segment) {
    byte[] raw = segment.getBytes(StandardCharsets.UTF_8);
    byte[] plain = new byte[raw.length];
    int count = 0;
    for (int at = 0; at < raw.length; at++) {
      int next = raw[at];
      if (next == '%') {
        int high = at + 2 < raw.length ? Character.digit(raw[at + 1], 16) : -1;
        int low = at + 2 < raw.length ? Character.digit(raw[at + 2], 16) : -1;
        if (high < 0 || low < 0) {
          return null;
        }
        next = (high << 4) | low;
        at += 2;
      }
      plain[count++] = (byte) next;
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(plain, 0, count))
          .toString();
    } catch (CharacterCodingException noText) {
      return null;
    }
  }
}
