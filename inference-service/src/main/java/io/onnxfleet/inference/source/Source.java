package io.onnxfleet.inference.source;

import java.net.URI;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Models that lie elsewhere: a zip archive of model folders, or a folder of them, whose URL ends in
 * a slash.
 *
 * @param url http, https or s3
 * @param sha256 in hexadecimal, of the archive or of the file {@value #DIGESTS} in the folder,
 *     which has the digests of the others; what does not match is refused. Null for a folder of s3
 *     that is taken as it lies.
 */
public record Source(URI url, @Nullable String sha256) {
  /** The list of a folder's files, as {@code sha256sum} writes it. */
  public static final String DIGESTS = "SHA256SUMS";

  static final String S3 = "s3";
  private static final Set<String> SCHEMES = Set.of("http", "https", S3);

  public Source {
    String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
    if (!SCHEMES.contains(scheme) || url.getAuthority() == null) {
      throw new IllegalArgumentException(
          "url: %s (expected: http://..., https://... or s3://bucket/...)".formatted(url));
    }
    sha256 = sha256 == null ? null : sha256.toLowerCase(Locale.ROOT);
    if (sha256 != null && !Digests.isSha256(sha256)) {
      throw new IllegalArgumentException(
          "sha256: '%s' (expected: 64 hexadecimal digits)".formatted(sha256));
    }
    if (sha256 == null && !(scheme.equals(S3) && isFolder(url))) {
      throw new IllegalArgumentException(
          "sha256 of %s: none (expected one, but for a folder of s3)".formatted(url));
    }
  }

  boolean isS3() {
    return S3.equalsIgnoreCase(url.getScheme());
  }

  boolean isFolder() {
    return isFolder(url);
  }

  private static boolean isFolder(URI url) {
    return url.getPath().isEmpty() || url.getPath().endsWith("/");
  }
}
