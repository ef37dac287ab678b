package io.onnxfleet.gateway.cache;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/*
 * Two requests are equal if they ask the same of the same versions in the same words. Every part
 * goes into the hash with its length, so that no part can pass for the end of another.
 *
 * Of a JSON body the white space outside strings is left out where it means nothing: beside one of
 * {}[],: or at the ends. "1 2" stays different from "12". The order of keys and the ways to write a
 * number are left alone: one program writes them one way.
 */
/** SHA-256 over the parts of a request that decide its answer. Not safe for threads. */
final class RequestDigest {

  private static final int TAG_BYTES = 18;
  private static final int CHUNK = 4096;

  private final MessageDigest digest;

  RequestDigest() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }

  RequestDigest add(@Nullable String part) {
    if (part == null) {
      length(-1);
      return this;
    }
    return add(part.getBytes(StandardCharsets.UTF_8));
  }

  RequestDigest add(byte[] part) {
    length(part.length);
    digest.update(part);
    return this;
  }

  /** Adds a JSON text. Called last: its length is not known beforehand. */
  RequestDigest addJson(byte[] json) {
    byte[] kept = new byte[Math.min(json.length, CHUNK)];
    int count = 0;
    boolean inString = false;
    boolean escaped = false;
    boolean spaced = false;
    byte last = ',';
    for (byte b : json) {
      if (!inString && isSpace(b)) {
        spaced = true;
        continue;
      }
      if (count + 2 > kept.length) {
        digest.update(kept, 0, count);
        count = 0;
        if (kept.length < 2) {
          kept = new byte[2];
        }
      }
      if (spaced && !isStructural(last) && !isStructural(b)) {
        kept[count++] = ' ';
      }
      spaced = false;
      kept[count++] = b;
      if (inString) {
        inString = escaped || b != '"';
        escaped = !escaped && b == '\\';
      } else {
        inString = b == '"';
      }
      last = b;
    }
    digest.update(kept, 0, count);
    return this;
  }

  /** The hash in letters that a URL and a header may hold. */
  String text() {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(digest.digest());
  }

  /** A weak entity tag: the answer means the same, bit for bit or not. */
  static String entityTag(String text) {
    return "W/\"" + text.substring(0, TAG_BYTES * 4 / 3) + '"';
  }

  private void length(int length) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      digest.update((byte) (length >>> shift));
    }
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }

  private static boolean isStructural(byte b) {
    return switch (b) {
      case '{', '}', '[', ']', ',', ':' -> true;
      default -> false;
    };
  }
}
