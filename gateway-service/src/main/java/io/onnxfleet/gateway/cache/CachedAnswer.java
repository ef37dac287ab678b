package io.onnxfleet.gateway.cache;

import io.onnxfleet.contract.api.HeaderNames;
import java.util.List;
import java.util.Map;
import org.springframework.http.HttpHeaders;

/**
 * A kept answer of 200.
 *
 * @param body not to be changed
 * @param headers those of the answer's that describe the body
 * @param storedNanos when it was answered
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a copy would double the memory.
record CachedAnswer(byte[] body, List<Map.Entry<String, String>> headers, long storedNanos) {

  /** What the entry takes beside its body, roughly. */
  private static final int OVERHEAD = 512;

  private static final List<String> DESCRIBING =
      List.of(
          HttpHeaders.CONTENT_TYPE,
          HttpHeaders.CONTENT_ENCODING,
          HttpHeaders.VARY,
          HeaderNames.HEADER_LENGTH,
          HeaderNames.IGNORED,
          HeaderNames.WINDOWS,
          HeaderNames.WINDOWS_JOINED,
          HeaderNames.CONTENT);

  CachedAnswer {
    headers = List.copyOf(headers);
  }

  static CachedAnswer of(byte[] body, HttpHeaders answered, long nowNanos) {
    return new CachedAnswer(
        body,
        DESCRIBING.stream()
            .flatMap(
                name -> answered.getOrEmpty(name).stream().map(value -> Map.entry(name, value)))
            .toList(),
        nowNanos);
  }

  int weight() {
    return body.length + OVERHEAD;
  }
}
