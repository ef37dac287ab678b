package io.onnxfleet.jobs.configuration;

import java.net.URI;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * An object store that speaks S3.
 *
 * @param bucket which objects lie in; empty: they lie in {@code directory}
 * @param prefix of the objects' keys, for a bucket that has others too
 * @param endpoint of a store that is not Amazon's; none: Amazon's
 * @param region that requests are signed for
 * @param pathStyle whether the bucket is in the path instead of the host's name; if not set, where
 *     there is an endpoint
 * @param accessKeyId of the credentials; empty: those of the environment ({@code
 *     AWS_ACCESS_KEY_ID}, {@code AWS_SECRET_ACCESS_KEY}, {@code AWS_SESSION_TOKEN}), a profile, the
 *     container or the machine
 * @param secretAccessKey of the credentials
 * @param sessionToken of credentials that last a while; empty: none
 * @param bundle the SSL bundle whose authorities sign the endpoint's certificate; empty: the JVM's
 */
public record S3Properties(
    @DefaultValue("") String bucket,
    @DefaultValue("") String prefix,
    @Nullable URI endpoint,
    @DefaultValue("us-east-1") String region,
    @Nullable Boolean pathStyle,
    @DefaultValue("") String accessKeyId,
    @DefaultValue("") String secretAccessKey,
    @DefaultValue("") String sessionToken,
    @DefaultValue("") String bundle) {
  private static final String KEY = "s3.";
  private static final Pattern BUCKET = Pattern.compile("[A-Za-z0-9._-]{0,255}");
  private static final Pattern PREFIX = Pattern.compile("([A-Za-z0-9._-]+/)*");
  private static final int LONGEST_PREFIX = 512;
  private static final String A_SECRET = "***";

  /** Ends a prefix with a slash. */
  public S3Properties {
    JobsProperties.require(
        BUCKET.matcher(bucket).matches(), KEY + "bucket", bucket, "letters, digits, '.', '_', '-'");
    prefix = prefix.isEmpty() || prefix.endsWith("/") ? prefix : prefix + "/";
    JobsProperties.require(
        PREFIX.matcher(prefix).matches() && prefix.length() <= LONGEST_PREFIX,
        KEY + "prefix",
        prefix,
        "names of letters, digits, '.', '_', '-', between slashes");
    JobsProperties.require(
        endpoint == null || isAddress(endpoint),
        KEY + "endpoint",
        String.valueOf(endpoint),
        "http://... or https://...");
    JobsProperties.require(
        endpoint == null || !bucket.isEmpty(), KEY + "bucket", "none", "one, at the endpoint");
    JobsProperties.require(
        accessKeyId.isEmpty() == secretAccessKey.isEmpty(),
        KEY + "secret-access-key",
        secretAccessKey.isEmpty() ? "none" : A_SECRET,
        "with access-key-id, or neither");
    JobsProperties.require(
        sessionToken.isEmpty() || !accessKeyId.isEmpty(),
        KEY + "session-token",
        A_SECRET,
        "only with access-key-id");
  }

  private static boolean isAddress(URI endpoint) {
    return endpoint.getHost() != null
        && ("http".equals(endpoint.getScheme()) || "https".equals(endpoint.getScheme()));
  }

  /** Whether objects lie there. */
  public boolean isUsed() {
    return !bucket.isEmpty();
  }

  /** Whether the bucket is in the path. */
  public boolean isPathStyle() {
    return pathStyle == null ? endpoint != null : pathStyle;
  }

  /** Without the credentials, which must not end up in a log. */
  @Override
  public String toString() {
    return "S3Properties[bucket=%s, prefix=%s, endpoint=%s, region=%s]"
        .formatted(bucket, prefix, endpoint, region);
  }
}
