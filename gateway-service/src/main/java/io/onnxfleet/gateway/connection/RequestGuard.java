package io.onnxfleet.gateway.connection;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.failure.Quotation;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Stands behind the codec of HTTP/1 and keeps from the gateway what is not a request: a head that
 * cannot be read is answered here, in the API's error shape, and a body that breaks off or stops
 * ends with a failure ({@link RequestProgress#failureOf}) instead of looking whole. Belongs to its
 * connection's event loop.
 */
final class RequestGuard extends ChannelDuplexHandler {

  private static final String HTTP2_SETTINGS = "HTTP2-Settings";

  /** What a refusal of the codec's is told and counted by. */
  private final ConnectionRefusals refusals;

  private final HeadLimits limits;
  private final RequestProgress progress;
  private final LongSupplier nanoClock;

  private @Nullable ChannelHandlerContext context;

  /** Those that went on and have not been answered: a client need not wait for one answer. */
  private final Deque<Asked> unanswered = new ArrayDeque<>();

  private boolean answerIsFinal;
  private boolean endsByClosing;
  private @Nullable Refused pending;

  /** A request, as far as it decides the form of its answer. */
  private record Asked(boolean isHead, boolean isHttp10, String path) {

    /** Of an answer to nothing that is known. */
    static final Asked UNKNOWN = new Asked(false, false, "/");
  }

  /** What is said once all before it is answered. */
  private record Refused(GatewayException refusal, String path) {}

  RequestGuard(
      ConnectionRefusals refusals,
      HeadLimits limits,
      RequestProgress progress,
      LongSupplier nanoClock) {
    this.refusals = refusals;
    this.limits = limits;
    this.progress = progress;
    this.nanoClock = nanoClock;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!(message instanceof HttpObject object)) {
      // HTTP/2 has taken the codec's place.
      progress.stepsAside();
      context.fireChannelRead(message);
      return;
    }
    if (progress.part() == RequestProgress.Part.BROKEN) {
      ReferenceCountUtil.release(message);
      return;
    }
    if (object instanceof HttpRequest request) {
      progress.headArrived();
      GatewayException refusal = refusalOf(request);
      if (refusal != null) {
        ReferenceCountUtil.release(message);
        refuse(context, new Refused(refusal, request.uri()));
        return;
      }
      boolean isHttp10 = HttpVersion.HTTP_1_0.equals(request.protocolVersion());
      unanswered.add(new Asked(request.method().equals(HttpMethod.HEAD), isHttp10, request.uri()));
      if (isHttp10) {
        asHttp11(request);
      }
      if (hasBody(request)) {
        // An upgrade would have to take in the whole body first; it may be ignored.
        request.headers().remove(HttpHeaderNames.UPGRADE).remove(HTTP2_SETTINGS);
      }
    } else if (object.decoderResult().isFailure()) {
      ReferenceCountUtil.release(message);
      endBody(object.decoderResult().cause());
      return;
    }
    if (object instanceof LastHttpContent) {
      progress.bodyArrived();
    }
    context.fireChannelRead(message);
  }

  /** Ends the body that is on its way; whoever reads it is told why. */
  void endBody(Throwable why) {
    ChannelHandlerContext here = context;
    boolean answered = progress.isAnswered();
    progress.breaks(why);
    if (here == null) {
      return;
    }
    if (answered) {
      var _ = here.close();
    } else {
      here.fireChannelRead(LastHttpContent.EMPTY_LAST_CONTENT);
    }
  }

  /**
   * Answers that the head did not come in time.
   *
   * @param before the codec, which knows of no request yet
   */
  void refuseHead(ChannelHandlerContext before) {
    progress.breaks(null);
    GatewayException refusal =
        new GatewayException(
            ErrorCode.HEAD_TIMEOUT, "the head of the request did not come in time");
    refusals.refused(refusal, before.channel().remoteAddress());
    if (!unanswered.isEmpty()) {
      // Told now, it would be taken for the answer to another request.
      pending = new Refused(refusal, "/");
      return;
    }
    byte[] body = refusal.bodyFor("/");
    String head =
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + "Content-Length: "
            + body.length
            + "\r\n\r\n";
    ByteBuf answer =
        Unpooled.wrappedBuffer(head.getBytes(java.nio.charset.StandardCharsets.US_ASCII), body);
    var _ = before.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
  }

  private void refuse(ChannelHandlerContext context, Refused refused) {
    progress.breaks(null);
    refusals.refused(refused.refusal(), context.channel().remoteAddress());
    if (!unanswered.isEmpty()) {
      pending = refused;
      return;
    }
    var _ = context.writeAndFlush(answer(refused)).addListener(ChannelFutureListener.CLOSE);
  }

  private static FullHttpResponse answer(Refused refused) {
    GatewayException refusal = refused.refusal();
    byte[] body = refusal.bodyFor(refused.path());
    FullHttpResponse answer =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(refusal.code().status()),
            Unpooled.wrappedBuffer(body));
    answer
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    return answer;
  }

  private @Nullable GatewayException refusalOf(HttpRequest request) {
    if (request.decoderResult().isFailure()) {
      return limits.refusalOf(request.decoderResult().cause());
    }
    if (!HttpVersion.HTTP_1_1.equals(request.protocolVersion())) {
      return null;
    }
    Iterator<? extends CharSequence> hosts =
        request.headers().valueCharSequenceIterator(HttpHeaderNames.HOST);
    if (!hosts.hasNext()) {
      return new GatewayException(
          ErrorCode.MALFORMED_REQUEST, "Host: no such header (expected: one)");
    }
    CharSequence host = hosts.next();
    return hosts.hasNext()
        ? new GatewayException(
            ErrorCode.MALFORMED_REQUEST,
            Quotation.of("Host: '" + host + "' and '" + hosts.next() + "'") + " (expected: one)")
        : null;
  }

  private static boolean hasBody(HttpRequest request) {
    HttpHeaders headers = request.headers();
    if (!headers.contains(HttpHeaderNames.UPGRADE)) {
      return false;
    }
    return headers.contains(HttpHeaderNames.TRANSFER_ENCODING)
        || HttpUtil.getContentLength(request, 0L) > 0;
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    Object sent = message;
    if (message instanceof HttpResponse response) {
      answerIsFinal = response.status().codeClass() != HttpStatusClass.INFORMATIONAL;
      Asked asked = Objects.requireNonNullElse(unanswered.peek(), Asked.UNKNOWN);
      boolean isLast = unanswered.size() <= 1 && pending == null;
      if (progress.part() == RequestProgress.Part.BROKEN && isLast) {
        HttpUtil.setKeepAlive(response, false);
        endsByClosing = true;
      }
      if (asked.isHttp10()) {
        forHttp10(response);
      }
      if (response instanceof FullHttpResponse full && !asked.isHead() && isMute(full)) {
        sent = told(full, asked.path());
      }
    }
    boolean ends = sent instanceof LastHttpContent && answerIsFinal;
    if (ends) {
      answerIsFinal = false;
      unanswered.poll();
      if (unanswered.isEmpty()) {
        progress.answered(nanoClock.getAsLong());
      }
    }
    if (ends && endsByClosing) {
      endsByClosing = false;
      var _ = context.write(sent, promise.unvoid()).addListener(ChannelFutureListener.CLOSE);
      return;
    }
    var _ = context.write(sent, promise);
    Refused next = pending;
    if (ends && unanswered.isEmpty() && next != null) {
      pending = null;
      var _ = context.writeAndFlush(answer(next)).addListener(ChannelFutureListener.CLOSE);
    }
  }

  /** The framework is told of the one version whose connections it keeps right. */
  private static void asHttp11(HttpRequest request) {
    boolean isKept = HttpUtil.isKeepAlive(request);
    request.setProtocolVersion(HttpVersion.HTTP_1_1);
    HttpUtil.setKeepAlive(request, isKept);
    request.headers().remove(HttpHeaderNames.EXPECT);
  }

  /**
   * A client of HTTP/1.0 knows no chunks, and waits for the end of a connection that is not said to
   * be kept.
   */
  private void forHttp10(HttpResponse response) {
    HttpHeaders headers = response.headers();
    if (HttpUtil.isTransferEncodingChunked(response)) {
      headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      endsByClosing = true;
    } else if (!headers.contains(HttpHeaderNames.CONNECTION)) {
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
    }
  }

  /** Whether it refuses without a word, as the codec and the framework do. */
  private static boolean isMute(FullHttpResponse response) {
    return response.status().codeClass() == HttpStatusClass.CLIENT_ERROR
        && !response.content().isReadable();
  }

  private FullHttpResponse told(FullHttpResponse mute, String path) {
    GatewayException refusal = limits.refusalOf(mute.status());
    byte[] body = refusal.bodyFor(path);
    FullHttpResponse told = mute.replace(Unpooled.wrappedBuffer(body));
    mute.release();
    told.headers()
        .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    return told;
  }
}
