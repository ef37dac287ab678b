package io.onnxfleet.gateway.security.credential;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/** Finds a request's credential: {@code Authorization: Bearer} or, without it, a key's header. */
public final class Credentials {

  static final String API_KEY = "X-Api-Key";
  private static final String BEARER = "Bearer ";

  /** What is longer is no key and no token. */
  public static final int LONGEST = 8 * 1024;

  private Credentials() {}

  /** Null if there is none that this gateway could know. */
  public static @Nullable String of(HttpHeaders headers) {
    String authorization = headers.getFirst(HttpHeaders.AUTHORIZATION);
    if (authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      return authorization.substring(BEARER.length()).strip();
    }
    String key = headers.getFirst(API_KEY);
    return key == null ? null : key.strip();
  }

  /** Three parts of base64, as a signed token has. */
  public static boolean isToken(String credential) {
    int first = credential.indexOf('.');
    int second = credential.indexOf('.', first + 1);
    return first > 0 && second > 0 && credential.indexOf('.', second + 1) < 0;
  }
}
