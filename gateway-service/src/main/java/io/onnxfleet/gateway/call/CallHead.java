package io.onnxfleet.gateway.call;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * What a call says before its body.
 *
 * @param method that a replica is asked with
 * @param path with its escapes
 * @param query with its escapes; null if there is none
 * @param headers as filters left them; to be looked at by name
 * @param received the same, as they came where no filter has changed them: they are passed on
 *     without becoming text
 */
public record CallHead(
    String method,
    String path,
    @Nullable String query,
    HttpHeaders headers,
    io.netty.handler.codec.http.HttpHeaders received) {

  CallHead at(String other) {
    return new CallHead(method, other, query, headers, received);
  }
}
