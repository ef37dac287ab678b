package io.onnxfleet.gateway.jobs;

import io.netty.handler.codec.http.HttpHeaders;
import io.onnxfleet.contract.api.HeaderNames;

/** What a caller would like, as RFC 7240 has it said. Stateless. */
final class Preferences {

  private Preferences() {}

  /** Whether a caller would rather be told of a job than wait for the answer. */
  static boolean wantAsync(HttpHeaders headers) {
    return headers.contains(HeaderNames.PREFER)
        && headers.getAll(HeaderNames.PREFER).stream().anyMatch(Preferences::wantAsync);
  }

  /** One preference after the other, between commas that stand in no quotes. */
  private static boolean wantAsync(String line) {
    boolean isQuoted = false;
    int begin = 0;
    for (int at = 0; at < line.length(); at++) {
      char here = line.charAt(at);
      if (isQuoted && here == '\\') {
        at++;
      } else if (here == '"') {
        isQuoted = !isQuoted;
      } else if (here == ',' && !isQuoted) {
        if (isAsync(line.substring(begin, at))) {
          return true;
        }
        begin = at + 1;
      }
    }
    return isAsync(line.substring(begin));
  }

  /** Whatever its value and its parameters. */
  private static boolean isAsync(String preference) {
    String name = preference.strip();
    int end = 0;
    while (end < name.length() && "=; \t".indexOf(name.charAt(end)) < 0) {
      end++;
    }
    return name.substring(0, end).equalsIgnoreCase(HeaderNames.RESPOND_ASYNC);
  }
}
