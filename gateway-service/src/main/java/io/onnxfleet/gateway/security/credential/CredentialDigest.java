package io.onnxfleet.gateway.security.credential;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256 of a credential. What is kept and compared are digests: how long a look-up takes tells
 * nothing of the credential.
 */
public record CredentialDigest(long first, long second, long third, long fourth) {

  static final int HEX_LENGTH = 64;

  public static CredentialDigest of(String credential) {
    return of(sha256().digest(credential.getBytes(StandardCharsets.UTF_8)));
  }

  /** Reads 64 hexadecimal digits. */
  static CredentialDigest parse(String hex) {
    if (hex.length() != HEX_LENGTH) {
      throw new IllegalArgumentException(
          "sha256: %d characters (expected: %d hexadecimal digits)"
              .formatted(hex.length(), HEX_LENGTH));
    }
    try {
      return of(HexFormat.of().parseHex(hex));
    } catch (IllegalArgumentException notHex) {
      throw new IllegalArgumentException(
          "sha256: '%s' (expected: %d hexadecimal digits)".formatted(hex, HEX_LENGTH), notHex);
    }
  }

  private static CredentialDigest of(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    return new CredentialDigest(
        buffer.getLong(), buffer.getLong(), buffer.getLong(), buffer.getLong());
  }

  /** As {@link #parse} reads it. */
  String hex() {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(first)
        + hex.toHexDigits(second)
        + hex.toHexDigits(third)
        + hex.toHexDigits(fourth);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }

  /** The first digits only: a digest is no secret, but of no use in a log either. */
  @Override
  public String toString() {
    return HexFormat.of().toHexDigits(first);
  }
}
