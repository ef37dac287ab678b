package io.onnxfleet.gateway.forwarding;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import io.onnxfleet.contract.api.HeaderNames;
import java.util.Iterator;
import java.util.Map;

/**
 * Copies headers from one side to the other, without those that speak of one connection only (RFC
 * 9110, 7.6.1) and those that the gateway sets itself. Credentials are for the gateway: replicas
 * get none.
 */
public final class ForwardedHeaders {

  /** What the codec of HTTP/2 adds about a stream begins so. */
  private static final String HTTP2 = "x-http2-";

  private ForwardedHeaders() {}

  /** Of a request, to whom it goes on to. */
  public static void copyRequest(HttpHeaders from, HttpHeaders to) {
    copy(from, to, true);
  }

  /** Of an answer, to the client. */
  public static void copyResponse(HttpHeaders from, HttpHeaders to) {
    copy(from, to, false);
  }

  private static void copy(HttpHeaders from, HttpHeaders to, boolean request) {
    Iterator<Map.Entry<CharSequence, CharSequence>> headers = from.iteratorCharSequence();
    while (headers.hasNext()) {
      Map.Entry<CharSequence, CharSequence> header = headers.next();
      CharSequence name = header.getKey();
      if (request ? staysFromRequest(name) : staysFromResponse(name)) {
        continue;
      }
      to.add(name, header.getValue());
    }
    Iterator<? extends CharSequence> connection =
        from.valueCharSequenceIterator(HttpHeaderNames.CONNECTION);
    while (connection.hasNext()) {
      removeNominated(connection.next().toString(), to);
    }
  }

  private static void removeNominated(String connection, HttpHeaders to) {
    int from = 0;
    while (from < connection.length()) {
      int comma = connection.indexOf(',', from);
      int end = comma < 0 ? connection.length() : comma;
      String name = connection.substring(from, end).strip();
      if (!name.isEmpty() && !isGateways(name)) {
        to.remove(name);
      }
      from = end + 1;
    }
  }

  /** What the gateway has set by then, and a client must not take off again. */
  private static boolean isGateways(String name) {
    return name.equalsIgnoreCase("close")
        || name.equalsIgnoreCase(HeaderNames.SIGNATURE)
        || name.equalsIgnoreCase(HeaderNames.OWNER)
        || is(name, HttpHeaderNames.HOST);
  }

  private static boolean staysFromRequest(CharSequence name) {
    if (AsciiString.regionMatches(name, true, 0, HTTP2, 0, HTTP2.length())) {
      return true;
    }
    return switch (name.length()) {
      case 4 -> is(name, HttpHeaderNames.HOST);
      case 6 -> is(name, HttpHeaderNames.EXPECT) || is(name, HttpHeaderNames.COOKIE);
      case 7 -> isText(name, "api-key") || isText(name, "cookie2") || isOfOneConnection(name);
      case 9 -> isText(name, "x-api-key");
      case 11 -> AsciiString.contentEqualsIgnoreCase(name, HeaderNames.TRACE_PARENT);
      case 12 ->
          AsciiString.contentEqualsIgnoreCase(name, HeaderNames.REQUEST_ID)
              || isText(name, "x-auth-token")
              || isText(name, "x-csrf-token")
              || isText(name, "x-xsrf-token");
      case 13 -> is(name, HttpHeaderNames.AUTHORIZATION);
      case 14 ->
          is(name, HttpHeaderNames.CONTENT_LENGTH)
              || isText(name, "x-goog-api-key")
              || isText(name, "x-access-token");
      case 15 -> AsciiString.contentEqualsIgnoreCase(name, HeaderNames.OWNER);
      case 16 ->
          AsciiString.contentEqualsIgnoreCase(name, HeaderNames.CALLER) || isOfOneConnection(name);
      case 17 ->
          is(name, HttpHeaderNames.TRANSFER_ENCODING)
              || AsciiString.contentEqualsIgnoreCase(name, HeaderNames.VARIANT);
      case 18 -> isText(name, HeaderNames.PRIORITY) || isOfOneConnection(name);
      case 20 -> isText(name, "x-amz-security-token");
      case 21 -> AsciiString.contentEqualsIgnoreCase(name, HeaderNames.DEADLINE_MILLIS);
      case 23 -> isText(name, "x-forwarded-client-cert");
      case 24 -> isText(name, "x-forwarded-access-token");
      case 25 ->
          AsciiString.contentEqualsIgnoreCase(name, HeaderNames.SIGNATURE)
              || AsciiString.contentEqualsIgnoreCase(name, HeaderNames.VARIANT_VERSION)
              || isText(name, "ocp-apim-subscription-key");
      case 28 -> isText(name, HeaderNames.LOAD_METRICS_FORMAT);
      default -> isOfOneConnection(name);
    };
  }

  private static boolean staysFromResponse(CharSequence name) {
    return switch (name.length()) {
      case 12 -> AsciiString.contentEqualsIgnoreCase(name, HeaderNames.REQUEST_ID);
      case 21 -> isText(name, HeaderNames.LOAD_METRICS);
      case 23 -> AsciiString.contentEqualsIgnoreCase(name, HeaderNames.REPLICA_STATE);
      default -> isOfOneConnection(name);
    };
  }

  private static boolean isOfOneConnection(CharSequence name) {
    return switch (name.length()) {
      case 2 -> is(name, HttpHeaderNames.TE);
      case 7 -> is(name, HttpHeaderNames.TRAILER) || is(name, HttpHeaderNames.UPGRADE);
      case 10 -> is(name, HttpHeaderNames.CONNECTION) || isText(name, "keep-alive");
      case 16 -> isText(name, "proxy-connection");
      case 17 -> is(name, HttpHeaderNames.TRANSFER_ENCODING);
      case 18 -> is(name, HttpHeaderNames.PROXY_AUTHENTICATE);
      case 19 -> is(name, HttpHeaderNames.PROXY_AUTHORIZATION);
      default -> false;
    };
  }

  private static boolean is(CharSequence name, AsciiString expected) {
    return expected.contentEqualsIgnoreCase(name);
  }

  private static boolean isText(CharSequence name, String expected) {
    return AsciiString.contentEqualsIgnoreCase(name, expected);
  }
}
