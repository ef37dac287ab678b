package io.onnxfleet.inference.protocol.connection;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.tomcat.util.net.ApplicationBufferHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;

/**
 * Reads what is left of a body behind a refusal that ends the connection: Tomcat would close it
 * with bytes unread, which resets it, and most clients send all of a body before they read an
 * answer. Bounded in bytes and time; holds nothing. Stateless.
 */
final class UnreadBody {
  private static final Logger log = LoggerFactory.getLogger(UnreadBody.class);

  /** There a refusal ends a stream, and its client stops sending. */
  private static final String HTTP_2 = "HTTP/2.0";

  private static final long MOST_BYTES = 1L << 30;
  private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(30);

  private UnreadBody() {}

  /** Sends the answer, and reads on if it is a refusal and there may be something left. */
  static void drain(Request request, Response response) {
    boolean endsConnection = !HTTP_2.equals(request.getProtocol());
    if (response.getStatus() < 400 || !endsConnection || isWaiting(request) || !hasBody(request)) {
      return;
    }
    try {
      response.finishResponse();
      // The container's own stream may be closed by now.
      Passing chunks = new Passing();
      long begin = System.nanoTime();
      long count = 0;
      for (int read = 0; read >= 0 && count < MOST_BYTES; count += read) {
        if (System.nanoTime() - begin > MOST_NANOS) {
          return;
        }
        read = request.getCoyoteRequest().doRead(chunks);
      }
    } catch (IOException | RuntimeException gone) {
      log.trace("the rest of a body was not read", gone);
    }
  }

  /** True of a client that sends its body only once it is told to, which it was not. */
  private static boolean isWaiting(Request request) {
    return request.getHeader(HttpHeaders.EXPECT) != null
        && request.getCoyoteRequest().getBytesRead() == 0;
  }

  private static boolean hasBody(Request request) {
    try {
      return request.getContentLengthLong() > request.getCoyoteRequest().getBytesRead()
          || request.getHeader(HttpHeaders.TRANSFER_ENCODING) != null;
    } catch (RuntimeException noLength) {
      return false;
    }
  }

  /** Takes what is read, which nobody looks at. */
  private static final class Passing implements ApplicationBufferHandler {
    private ByteBuffer chunk = ByteBuffer.allocate(0);

    @Override
    public void setByteBuffer(ByteBuffer buffer) {
      chunk = buffer;
    }

    @Override
    public ByteBuffer getByteBuffer() {
      return chunk;
    }

    @Override
    public void expand(int size) {
      // What is read lies in the connection's own memory.
    }
  }
}
