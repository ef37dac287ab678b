package io.onnxfleet.gateway.client;

import io.onnxfleet.gateway.fleet.Replica;

/** Where exchanges get their connections. Safe for use by many threads; never blocks. */
public interface Connections {

  /** Lends a connection, or tells the exchange why there is none. */
  void lend(Replica replica, Exchange to);

  /** The exchange needs no connection any more, if it waits for one. */
  void forget(Replica replica, Exchange waiting);
}
