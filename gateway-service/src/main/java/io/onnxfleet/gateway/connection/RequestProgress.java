package io.onnxfleet.gateway.connection;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.server.HttpServerRequest;

/**
 * How far the request that a connection of HTTP/1 receives has come, as {@link RequestGuard} sees
 * it. Belongs to the connection's event loop.
 */
public final class RequestProgress {

  private static final AttributeKey<RequestProgress> KEY =
      AttributeKey.valueOf(RequestProgress.class, "progress");

  enum Part {
    /** Nothing of the next request has come. */
    NONE,
    HEAD,
    BODY,
    /** What comes now is no part of a request. */
    BROKEN,
    /** Another protocol is spoken. */
    OTHER
  }

  private Part part = Part.NONE;
  private long heads;
  private boolean answered;
  private long answeredAt;
  private volatile @Nullable Throwable failure;

  /** For one new connection. */
  RequestProgress(Channel channel) {
    channel.attr(KEY).set(this);
  }

  /** Why the request's body is not whole although it has ended; null if it is. */
  public static @Nullable Throwable failureOf(HttpServerRequest received) {
    Throwable[] failure = new Throwable[1];
    received.withConnection(
        connection -> {
          RequestProgress progress = connection.channel().attr(KEY).get();
          if (progress != null) {
            failure[0] = progress.failure;
          }
        });
    return failure[0];
  }

  Part part() {
    return part;
  }

  /** Counts heads, so that a timer knows whether it is still about the same request. */
  long heads() {
    return heads;
  }

  /** Whether the answer was complete before the request's body was. */
  boolean isAnswered() {
    return answered;
  }

  long answeredAt() {
    return answeredAt;
  }

  /** Whether the client has more to say of a request, or may not have noticed that it ended. */
  boolean isIncomplete() {
    return part == Part.HEAD || part == Part.BODY || part == Part.BROKEN;
  }

  void begins() {
    if (part == Part.NONE) {
      part = Part.HEAD;
    }
  }

  void headArrived() {
    heads++;
    part = Part.BODY;
    answered = false;
  }

  void bodyArrived() {
    part = Part.NONE;
  }

  void answered(long nowNanos) {
    if (part == Part.BODY) {
      answered = true;
      answeredAt = nowNanos;
    }
  }

  /** Nothing that comes later is read. */
  void breaks(@Nullable Throwable why) {
    part = Part.BROKEN;
    failure = why;
  }

  /** Nothing more is expected of the client. */
  void abandon() {
    part = Part.NONE;
  }

  void stepsAside() {
    part = Part.OTHER;
  }
}
