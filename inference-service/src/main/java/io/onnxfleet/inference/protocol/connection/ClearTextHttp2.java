package io.onnxfleet.inference.protocol.connection;

import org.apache.coyote.Request;
import org.apache.coyote.http2.Http2Protocol;

/**
 * HTTP/2 without encryption: for clients that begin with it, and for those that ask for it in their
 * first request, as the JDK's does. A request with a body is answered in HTTP/1.1, which such a
 * client takes as well: Tomcat would hold the whole body to answer it in HTTP/2.
 */
final class ClearTextHttp2 extends Http2Protocol {
  @Override
  public boolean accept(Request request) {
    return request.getContentLengthLong() <= 0
        && request.getHeader("Transfer-Encoding") == null
        && super.accept(request);
  }
}
