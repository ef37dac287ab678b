package io.onnxfleet.gateway.suspect;

import io.onnxfleet.gateway.fleet.ModelContent;
import io.onnxfleet.gateway.fleet.ModelReference;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A request that has a replica run a model, as far as its danger goes. Thread-safe.
 *
 * @param size of its body in bytes, as it was sent
 * @param isEncoded whether the size says little: a compressed body may become any size
 * @param body not to be changed; null where it is not kept
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record RunRequest(
    ModelReference model, long size, boolean isEncoded, byte @Nullable [] body) {

  private static final int KEY_BYTES = 16;

  /** Stands for the same body sent to the same content again; null where the body is not kept. */
  @Nullable String key(ModelContent content) {
    if (body == null) {
      return null;
    }
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update((content + "\n").getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest(body), 0, KEY_BYTES);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }
}
