package io.onnxfleet.gateway.forwarding;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.fleet.ModelReference;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.http.HttpHeaders;

/**
 * A request as a candidate is given it beside.
 *
 * @param headers that say what the body is
 */
record ShadowRequest(
    ModelReference model, Map<String, String> headers, RequestBody.Kept body, String requestId) {

  private static final List<String> DESCRIBING =
      List.of(
          HttpHeaders.CONTENT_TYPE,
          HttpHeaders.CONTENT_ENCODING,
          HttpHeaders.ACCEPT,
          HeaderNames.HEADER_LENGTH);

  static ShadowRequest of(
      HttpHeaders received, RequestBody.Kept body, ModelReference model, String requestId) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (String name : DESCRIBING) {
      String value = received.getFirst(name);
      if (value != null) {
        headers.put(name, value);
      }
    }
    return new ShadowRequest(model, headers, body, requestId);
  }
}
