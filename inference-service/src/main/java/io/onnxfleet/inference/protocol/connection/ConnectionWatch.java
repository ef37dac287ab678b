package io.onnxfleet.inference.protocol.connection;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Looks at the connections on which an answer is awaited, a few times a second, in one thread: a
 * timer for each request would cost more than many a model. Thread-safe.
 */
final class ConnectionWatch implements AutoCloseable {
  private static final long LOOK_EVERY_MILLIS = 100;

  private final Set<ClientConnection> waiting = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("connection-watch").daemon().factory());

  void start() {
    var _ =
        clock.scheduleWithFixedDelay(
            this::look, LOOK_EVERY_MILLIS, LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  void add(ClientConnection connection) {
    waiting.add(connection);
  }

  void remove(ClientConnection connection) {
    waiting.remove(connection);
  }

  private void look() {
    waiting.forEach(ClientConnection::cancelIfGone);
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
