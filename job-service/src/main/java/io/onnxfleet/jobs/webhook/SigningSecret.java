package io.onnxfleet.jobs.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What an endpoint knows a delivery by, as Standard Webhooks writes it: {@code whsec_} and 24 to 64
 * bytes in Base64. Immutable.
 */
final class SigningSecret {
  private static final String PREFIX = "whsec_";
  private static final String VERSION = "v1,";
  private static final String ALGORITHM = "HmacSHA256";
  private static final int FEWEST_BYTES = 24;
  private static final int MOST_BYTES = 64;

  private final SecretKeySpec secret;

  private SigningSecret(byte[] bytes) {
    this.secret = new SecretKeySpec(bytes, ALGORITHM);
  }

  /**
   * Reads one.
   *
   * @param key of the setting, for the message, which does not tell the secret
   * @throws IllegalArgumentException if it is none
   */
  static SigningSecret parse(String key, String text) {
    String expected =
        " (expected: whsec_ and %d to %d bytes in Base64)".formatted(FEWEST_BYTES, MOST_BYTES);
    if (!text.startsWith(PREFIX)) {
      throw new IllegalArgumentException(key + ": does not begin with " + PREFIX + expected);
    }
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(text.substring(PREFIX.length()));
    } catch (IllegalArgumentException malformed) {
      throw new IllegalArgumentException(key + ": not Base64" + expected, malformed);
    }
    if (bytes.length < FEWEST_BYTES || bytes.length > MOST_BYTES) {
      throw new IllegalArgumentException(key + ": " + bytes.length + " bytes" + expected);
    }
    return new SigningSecret(bytes);
  }

  /**
   * A signature, with its version.
   *
   * @param timestamp in seconds since the epoch
   */
  String sign(String id, long timestamp, byte[] body) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(secret);
      mac.update((id + "." + timestamp + ".").getBytes(UTF_8));
      return VERSION + Base64.getEncoder().encodeToString(mac.doFinal(body));
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException("every Java has " + ALGORITHM, missing);
    }
  }

  /** Without the secret, which must not end up in a log. */
  @Override
  public String toString() {
    return PREFIX + "...";
  }
}
