package io.onnxfleet.jobs.store.s3;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Signature Version 4 as its specification has it: the signature is made anew of what came, and so
 * is the digest of the body. What is not signed is refused.
 *
 * @param secrets by access keys
 * @param token that a request must have; null for none
 * @param allowsUnsignedBodies which a client may send by TLS
 */
record SignatureCheck(
    Map<String, String> secrets,
    String region,
    @Nullable String token,
    boolean allowsUnsignedBodies) {
  private static final String ALGORITHM = "AWS4-HMAC-SHA256";
  private static final Duration MOST_SKEW = Duration.ofMinutes(15);
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'");
  private static final Pattern AUTHORIZATION =
      Pattern.compile(
          ALGORITHM
              + " Credential=([^/]+)/(\\d{8})/([^/]+)/s3/aws4_request,"
              + " ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})");

  /** The code of a refusal; null for none. */
  @Nullable String refusal(String method, URI target, Headers headers, byte[] body, Instant now) {
    Matcher said = AUTHORIZATION.matcher(String.valueOf(headers.getFirst("Authorization")));
    String time = headers.getFirst("X-Amz-Date");
    String digest = headers.getFirst("X-Amz-Content-Sha256");
    if (!said.matches() || time == null || digest == null) {
      return "AccessDenied";
    }
    String secret = secrets.get(said.group(1));
    if (secret == null) {
      return "InvalidAccessKeyId";
    }
    if (!said.group(3).equals(region)) {
      return "AuthorizationHeaderMalformed";
    }
    Instant signed = LocalDateTime.parse(time, TIME).toInstant(ZoneOffset.UTC);
    if (Duration.between(signed, now).abs().compareTo(MOST_SKEW) > 0) {
      return "RequestTimeTooSkewed";
    }
    if (token != null && !token.equals(headers.getFirst("X-Amz-Security-Token"))) {
      return "InvalidToken";
    }
    List<String> names = List.of(said.group(4).split(";"));
    boolean isDigest =
        digest.equals(hex(sha256(body)))
            || ((allowsUnsignedBodies || body.length == 0) && digest.equals("UNSIGNED-PAYLOAD"));
    if (!isDigest || !time.startsWith(said.group(2)) || !areSigned(names, headers)) {
      return "SignatureDoesNotMatch";
    }
    String canonical =
        String.join(
            "\n",
            method,
            target.getRawPath(),
            query(target),
            names.stream()
                .map(name -> name + ":" + String.join(",", headers.get(name)).strip() + "\n")
                .collect(Collectors.joining()),
            said.group(4),
            digest);
    String scope = said.group(2) + "/" + region + "/s3/aws4_request";
    String toSign =
        String.join("\n", ALGORITHM, time, scope, hex(sha256(canonical.getBytes(UTF_8))));
    byte[] key = ("AWS4" + secret).getBytes(UTF_8);
    for (String step : List.of(said.group(2), region, "s3", "aws4_request")) {
      key = hmac(key, step);
    }
    return hex(hmac(key, toSign)).equals(said.group(5)) ? null : "SignatureDoesNotMatch";
  }

  private static boolean areSigned(List<String> names, Headers headers) {
    TreeSet<String> must = new TreeSet<>(List.of("host"));
    for (String name : headers.keySet()) {
      String lower = name.toLowerCase(Locale.ROOT);
      if (lower.startsWith("x-amz-") || lower.equals("content-md5") || lower.equals("range")) {
        must.add(lower);
      }
    }
    return names.containsAll(must)
        && names.stream().allMatch(headers::containsKey)
        && names.equals(names.stream().sorted().toList());
  }

  private static String query(URI target) {
    String raw = target.getRawQuery();
    return raw == null
        ? ""
        : Arrays.stream(raw.split("&"))
            .map(pair -> pair.split("=", 2))
            .map(pair -> encoded(pair[0]) + "=" + (pair.length == 1 ? "" : encoded(pair[1])))
            .sorted()
            .collect(Collectors.joining("&"));
  }

  private static String encoded(String raw) {
    return URLEncoder.encode(URLDecoder.decode(raw, UTF_8), UTF_8)
        .replace("+", "%20")
        .replace("*", "%2A")
        .replace("%7E", "~");
  }

  static byte[] sha256(byte[] content) {
    return digest("SHA-256", content);
  }

  static byte[] digest(String algorithm, byte[] content) {
    try {
      return MessageDigest.getInstance(algorithm).digest(content);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static byte[] hmac(byte[] key, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text.getBytes(UTF_8));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
