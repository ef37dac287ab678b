package io.onnxfleet.gateway.door.tei;

import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * What a client of TEI calls the arguments of the call that its request becomes: refusals of that
 * call name them so.
 *
 * @param names by those of the call
 * @param isOneText true if the client sent one text, where the call has a list of one
 */
record TeiNames(Map<String, String> names, boolean isOneText) {
  private static final String FIRST = "[0]";

  /** Those of a request. */
  static TeiNames of(String route, JsonNode request) {
    return switch (route) {
      case "/rerank" -> new TeiNames(Map.of("documents", "texts"), false);
      case "/similarity" ->
          new TeiNames(Map.of("source", "source_sentence", "targets", "sentences"), false);
      case "/decode" -> new TeiNames(Map.of("tokens", "ids"), false);
      default ->
          new TeiNames(
              Map.of("input", TeiRequest.INPUTS),
              route.equals("/predict")
                  ? !TeiRequest.isBatch(request)
                  : request.path(TeiRequest.INPUTS).isString());
    };
  }

  /** A message that begins with an argument, in the client's words. */
  String told(String message) {
    int end = 0;
    while (end < message.length() && ":[.".indexOf(message.charAt(end)) < 0) {
      end++;
    }
    String name = names.get(message.substring(0, end));
    if (name == null) {
      return message;
    }
    boolean isFirst = isOneText && message.startsWith(FIRST, end);
    return name + message.substring(isFirst ? end + FIRST.length() : end);
  }
}
