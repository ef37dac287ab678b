package io.onnxfleet.inference.source;

import java.net.URI;
import java.util.Locale;
import java.util.Set;

/**
 * A zip archive of model folders.
 *
 * @param url http or https
 * @param sha256 of the archive, in hexadecimal; what does not match is refused
 */
public record Archive(URI url, String sha256) {
  private static final Set<String> SCHEMES = Set.of("http", "https");

  public Archive {
    String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
    if (!SCHEMES.contains(scheme) || url.getHost() == null) {
      throw new IllegalArgumentException(
          "url: %s (expected: http://... or https://...)".formatted(url));
    }
    sha256 = sha256.toLowerCase(Locale.ROOT);
    if (!sha256.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException(
          "sha256: '%s' (expected: 64 hexadecimal digits)".formatted(sha256));
    }
  }
}
