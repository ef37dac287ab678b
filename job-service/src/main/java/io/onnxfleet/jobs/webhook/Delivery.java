package io.onnxfleet.jobs.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * An event on its way to one endpoint.
 *
 * @param key of the event and the endpoint
 * @param type of the event, as it is shown
 * @param subject the job's id
 * @param created of the event, in seconds since the epoch
 * @param tries that failed
 */
record Delivery(Key key, String type, String subject, long created, int tries) {

  /**
   * What tells a delivery from all others.
   *
   * @param event {@code evt_} and 32 hexadecimal digits; an endpoint that gets it again, since this
   *     process ended before it knew, tells it by this
   * @param endpoint its name
   */
  record Key(String event, String endpoint) {
    private static final char BETWEEN = ':';

    static Key parse(String text) {
      int colon = text.indexOf(BETWEEN);
      return new Key(text.substring(0, colon), text.substring(colon + 1));
    }

    @Override
    public String toString() {
      return event + BETWEEN + endpoint;
    }
  }

  /** What is sent, the same at every try: OpenAI's event. */
  byte[] body() {
    ObjectNode body = JsonMapper.shared().createObjectNode();
    body.put("id", key.event());
    body.put("object", "event");
    body.put("created_at", created);
    body.put("type", type);
    body.putObject("data").put("id", subject);
    return body.toString().getBytes(UTF_8);
  }
}
