package io.onnxfleet.gateway.forwarding;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.onnxfleet.contract.api.HeaderNames;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@link ForwardedHeaders} looks at names by their lengths: a name that changes must not slip past.
 */
class ForwardedHeadersTest {

  private static HttpHeaders request(String name) {
    HttpHeaders to = new DefaultHttpHeaders();
    ForwardedHeaders.copyRequest(new DefaultHttpHeaders().add(name, "x"), to);
    return to;
  }

  private static HttpHeaders response(String name) {
    HttpHeaders to = new DefaultHttpHeaders();
    ForwardedHeaders.copyResponse(new DefaultHttpHeaders().add(name, "x"), to);
    return to;
  }

  /** What the gateway says itself, or keeps for itself. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        HeaderNames.REQUEST_ID,
        HeaderNames.TRACE_PARENT,
        HeaderNames.DEADLINE_MILLIS,
        HeaderNames.CALLER,
        HeaderNames.PRIORITY,
        HeaderNames.VARIANT,
        HeaderNames.SIGNATURE,
        HeaderNames.LOAD_METRICS_FORMAT,
        "Host",
        "Expect",
        "Authorization",
        "Proxy-Authorization",
        "Proxy-Authenticate",
        "Proxy-Connection",
        "Cookie",
        "Cookie2",
        "Api-Key",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Csrf-Token",
        "X-Xsrf-Token",
        "X-Goog-Api-Key",
        "X-Access-Token",
        "X-Amz-Security-Token",
        "X-Forwarded-Client-Cert",
        "X-Forwarded-Access-Token",
        "Ocp-Apim-Subscription-Key",
        "Content-Length",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "Connection",
        "Keep-Alive",
        "X-Http2-Stream-Id"
      })
  void request_doesNotBear_whatACallerMayNotTellAReplica(String name) {
    assertThat(request(name).isEmpty()).as(name).isTrue();
    assertThat(request(name.toUpperCase(Locale.ROOT)).isEmpty()).as(name).isTrue();
    assertThat(request(name.toLowerCase(Locale.ROOT)).isEmpty()).as(name).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        HeaderNames.REQUEST_ID,
        HeaderNames.LOAD_METRICS,
        HeaderNames.REPLICA_STATE,
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Upgrade"
      })
  void response_doesNotBear_whatIsForTheGateway(String name) {
    assertThat(response(name).isEmpty()).as(name).isTrue();
    assertThat(response(name.toUpperCase(Locale.ROOT)).isEmpty()).as(name).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {HeaderNames.HEADER_LENGTH, "Content-Type", "Accept", "X-Team", "Inference-Later"})
  void request_bears_whatIsForTheReplica(String name) {
    assertThat(request(name).get(name)).isEqualTo("x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        HeaderNames.CONTENT,
        HeaderNames.REPLICA,
        HeaderNames.UNITS,
        HeaderNames.IGNORED,
        HeaderNames.WINDOWS,
        HeaderNames.HEADER_LENGTH,
        "Content-Length",
        "Retry-After",
        "Inference-Later"
      })
  void response_bears_whatIsForTheCaller(String name) {
    assertThat(response(name).get(name)).isEqualTo("x");
  }

  /** RFC 9110, 7.6.1. */
  @Test
  void request_doesNotBear_whatTheConnectionNames_butWhatTheGatewaySaid() {
    HttpHeaders to = new DefaultHttpHeaders().add(HeaderNames.SIGNATURE, "ours");
    ForwardedHeaders.copyRequest(
        new DefaultHttpHeaders()
            .add("Connection", "close, X-Hop, " + HeaderNames.SIGNATURE)
            .add("Connection", "X-Next")
            .add("X-Hop", "1")
            .add("X-Next", "1")
            .add("X-Kept", "2"),
        to);
    assertThat(to.names()).containsExactlyInAnyOrder(HeaderNames.SIGNATURE, "X-Kept");
    assertThat(to.get(HeaderNames.SIGNATURE)).isEqualTo("ours");
  }
}
