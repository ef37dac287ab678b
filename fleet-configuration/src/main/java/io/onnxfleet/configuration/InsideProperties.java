package io.onnxfleet.configuration;

import io.onnxfleet.contract.fleet.FleetSecret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * What the processes of a fleet know each other by.
 *
 * @param secret shared by gateways, replicas and registries, at least 32 characters; without it
 *     each of them lets everybody in
 * @param secretFile a file that holds it, read at the start
 */
@ConfigurationProperties(prefix = "fleet")
public record InsideProperties(@Nullable String secret, @Nullable Path secretFile) {

  /**
   * The secret, or null if none is set.
   *
   * @throws IllegalArgumentException if it is too short or set twice
   */
  public @Nullable FleetSecret read() {
    String given = secret == null ? "" : secret;
    if (secretFile == null || secretFile.toString().isBlank()) {
      return given.isBlank() ? null : FleetSecret.of(given);
    }
    if (!given.isBlank()) {
      throw new IllegalArgumentException(
          "fleet.secret and fleet.secret-file: both are set (expected: one of them)");
    }
    try {
      return FleetSecret.of(Files.readString(secretFile));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(
          "fleet.secret-file: " + secretFile + " (expected: a file that can be read)", unreadable);
    }
  }

  /** Without the secret, which must not end up in a log. */
  @Override
  public String toString() {
    return "InsideProperties[secretFile=" + secretFile + "]";
  }
}
