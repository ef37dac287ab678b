package io.onnxfleet.inference.protocol.connection;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.coyote.Adapter;
import org.apache.coyote.ErrorState;
import org.apache.coyote.Processor;
import org.apache.coyote.Request;
import org.apache.coyote.http11.AbstractHttp11Protocol;
import org.apache.coyote.http11.Http11InputBuffer;
import org.apache.coyote.http11.Http11NioProtocol;
import org.apache.coyote.http11.Http11Processor;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.apache.tomcat.util.res.StringManager;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;

/**
 * HTTP/1.1 on connections of which can be told whether the other end has left. Tomcat itself tells
 * that only while a body is read: asked later, it reads over what it has of a next request.
 */
public final class WatchedHttp11Protocol extends Http11NioProtocol {
  /** What Tomcat says of headers above its limit; it has no type of failure for that. */
  static final String TOO_LARGE =
      StringManager.getManager(Http11InputBuffer.class)
          .getString("iib.requestheadertoolarge.error");

  /** Where a request's processor lies among the notes that containers leave in a request. */
  private static final int NOTE = 17;

  @Override
  protected Processor createProcessor() {
    return new WatchedProcessor(this, getAdapter());
  }

  /**
   * True if nobody is there to take the answer to a request. Nothing that was sent is lost. To be
   * called while the request's own thread waits.
   *
   * @param request of a connector of this protocol
   */
  static boolean isClientGone(Request request) {
    return request.getNote(NOTE) instanceof WatchedProcessor processor && processor.isClientGone();
  }

  private static final class WatchedProcessor extends Http11Processor {

    WatchedProcessor(AbstractHttp11Protocol<?> protocol, Adapter adapter) {
      super(protocol, adapter);
      request.setNote(NOTE, this);
    }

    /** Keeps the reason, which Tomcat only logs, and tells headers that are too large as such. */
    @Override
    protected void setErrorState(ErrorState state, @Nullable Throwable cause) {
      String reason = cause instanceof IllegalArgumentException ? cause.getMessage() : null;
      if (reason != null) {
        request.setAttribute(ContainerRefusal.REASON, reason);
      }
      super.setErrorState(state, cause);
      boolean tooLarge = TOO_LARGE.equals(request.getAttribute(ContainerRefusal.REASON));
      if (tooLarge && !response.isCommitted()) {
        response.setStatus(HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE.value());
      }
    }

    /** Reads a byte without waiting and puts it back: only the end cannot be read. */
    boolean isClientGone() {
      SocketWrapperBase<?> socket = getSocketWrapper();
      ByteBuffer next = ByteBuffer.allocate(1);
      try {
        if (socket.read(false, next) < 0) {
          return true;
        }
        if (next.position() > 0) {
          socket.unRead(next.flip());
        }
        return false;
      } catch (IOException gone) {
        return true;
      }
    }
  }
}
