package io.onnxfleet.gateway.client;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;

/** Opens connections. */
interface Connector {

  /** The loop of the calling thread, if it is one; else any. */
  EventLoop loop();

  /**
   * Opens a connection that speaks HTTP/1.1 as a client.
   *
   * @param address its name is not looked up yet
   * @return told on the loop
   */
  Future<Channel> connect(EventLoop loop, InetSocketAddress address);
}
