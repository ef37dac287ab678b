package io.onnxfleet.gateway.client;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponse;

/**
 * One request to a replica and its answer. All but {@link #refused} and {@link #saturated} are
 * called by the connection's event loop, none of them at the same time as another. Either of {@link
 * #ended}, {@link #failed}, {@link #refused} and {@link #saturated} comes last, unless the exchange
 * {@linkplain ReplicaConnection#abort aborts} its connection.
 */
public interface Exchange {

  /** Has the connection, and may send. False: it is not needed any more. */
  boolean begins(ReplicaConnection connection);

  /** The answer's status and headers. */
  void head(HttpResponse head);

  /** Some of the answer's body, never empty; to be released. */
  void content(ByteBuf piece);

  /** What has come so far was all of it for now. */
  void pauses();

  /** The answer is complete; the connection is another's from now on. */
  void ended();

  /** The connection broke before the answer's end. */
  void failed(Throwable cause);

  /** There is room again for what is to be sent. */
  void writable();

  /** No connection could be opened. */
  void refused(Throwable cause);

  /** Every connection to the replica is in use, and more requests wait for one than may. */
  void saturated();
}
