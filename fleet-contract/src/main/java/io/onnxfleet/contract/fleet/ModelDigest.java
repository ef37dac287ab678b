package io.onnxfleet.contract.fleet;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Which files and configuration a model's version is made of: {@code <URL-encoded
 * model>/<version>@<digest>}.
 *
 * @param digest the first letters of it
 */
public record ModelDigest(String model, String version, String digest) {

  /** Comma-separated. */
  public static String write(List<ModelDigest> digests) {
    return digests.stream()
        .map(entry -> MetadataText.encoded(entry.model) + "/" + entry.version + "@" + entry.digest)
        .collect(Collectors.joining(","));
  }

  /** Reads what is {@linkplain #write written}; entries of another form are passed over. */
  public static List<ModelDigest> read(String entries) {
    List<ModelDigest> digests = new ArrayList<>();
    for (String entry : entries.split(",", -1)) {
      int slash = entry.lastIndexOf('/');
      int at = entry.lastIndexOf('@');
      if (slash > 0 && at > slash) {
        digests.add(
            new ModelDigest(
                MetadataText.decoded(entry.substring(0, slash).strip()),
                entry.substring(slash + 1, at).strip(),
                entry.substring(at + 1).strip()));
      }
    }
    return digests;
  }
}
