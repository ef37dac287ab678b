package io.onnxfleet.benchmarks.chaos.crowd;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Clients that send or take a byte a second: a third of them send the head of a request, a third a
 * body, and a third read an answer. They come one after the other, and whoever is sent away comes
 * again. Closing ends them. For one thread, but for the counts.
 */
final class Crowd implements AutoCloseable {
  /** In which a client sends or takes one byte. */
  private static final long PERIOD_NANOS = Duration.ofSeconds(1).toNanos();

  /** How long the crowd sleeps at most before it looks whether it is to grow. */
  private static final long IDLE_NANOS = Duration.ofMillis(20).toNanos();

  /** Longer, and the door is too full for now: the others must not wait. */
  private static final int CONNECT_MILLIS = 100;

  /** What a slow client is slow at. */
  private enum Kind {
    HEAD,
    BODY,
    ANSWER
  }

  private final InetSocketAddress door;
  private final String model;

  /** What a call of the model begins with. */
  private final String head;

  private final LongSupplier nanoClock;

  /** By the time of their next byte, which is the order in which they had their last. */
  private final Deque<Client> clients = new ArrayDeque<>();

  private final ByteBuffer oneByte = ByteBuffer.allocateDirect(1);
  private final AtomicInteger connected = new AtomicInteger();
  private final AtomicLong sentAway = new AtomicLong();
  private long lastArrival;
  private int arrived;

  Crowd(int port, String model, LongSupplier nanoClock) {
    this.door = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    this.model = model;
    this.head = "POST /v2/models/" + model + "/infer HTTP/1.1\r\nHost: x\r\n";
    this.nanoClock = nanoClock;
    this.lastArrival = nanoClock.getAsLong();
  }

  /** One of them; without a connection while it has been sent away. */
  private static final class Client {
    private final Kind kind;
    private @Nullable SocketChannel connection;
    private int sent;
    private long due;

    Client(Kind kind, long due) {
      this.kind = kind;
      this.due = due;
    }
  }

  /**
   * Lets clients come up to that number, or all go where it is 0, and those act whose time it is.
   *
   * @return nanoseconds until there is something to do
   */
  long act(int wanted) {
    long now = nanoClock.getAsLong();
    if (wanted == 0) {
      close();
      arrived = 0;
      lastArrival = now;
      return IDLE_NANOS;
    }
    long pause = CrowdCommand.ARRIVAL.toNanos() / wanted;
    while (arrived < wanted && now - lastArrival >= pause) {
      Kind[] kinds = Kind.values();
      clients.addFirst(new Client(kinds[arrived % kinds.length], now));
      lastArrival += pause;
      arrived++;
    }
    for (Client next = clients.peek(); next != null && next.due - now <= 0; next = clients.peek()) {
      clients.remove();
      act(next);
      next.due = now + PERIOD_NANOS;
      clients.add(next);
    }
    Client next = clients.peek();
    long rest = next == null ? IDLE_NANOS : next.due - nanoClock.getAsLong();
    return Math.clamp(rest, 1, arrived < wanted ? Math.min(pause, IDLE_NANOS) : IDLE_NANOS);
  }

  private void act(Client client) {
    try {
      SocketChannel connection = client.connection;
      if (connection == null) {
        connection = SocketChannel.open();
        client.connection = connection;
        client.sent = 0;
        connected.incrementAndGet();
        connection.socket().connect(door, CONNECT_MILLIS);
        connection.configureBlocking(false);
        connection.write(US_ASCII.encode(opening(client.kind)));
      } else if (!isWelcome(client, connection)) {
        sentAway(client);
      }
    } catch (IOException ended) {
      sentAway(client);
    }
  }

  /** What a client says at once, before it is slow. */
  private String opening(Kind kind) {
    return switch (kind) {
      case HEAD -> "";
      case BODY -> head + "Content-Length: 100000\r\n\r\n";
      case ANSWER -> "GET /v2/models/" + model + " HTTP/1.1\r\nHost: x\r\n\r\n";
    };
  }

  /** Sends or takes a byte; false if the gateway has ended the connection. */
  private boolean isWelcome(Client client, SocketChannel connection) throws IOException {
    oneByte.clear();
    if (client.kind == Kind.ANSWER) {
      return connection.read(oneByte) >= 0;
    }
    boolean isOfHead = client.kind == Kind.HEAD && client.sent < head.length();
    oneByte.put((byte) (isOfHead ? head.charAt(client.sent) : 'x')).flip();
    client.sent += connection.write(oneByte);
    return true;
  }

  private void sentAway(Client client) {
    leave(client);
    sentAway.incrementAndGet();
  }

  private void leave(Client client) {
    SocketChannel connection = client.connection;
    if (connection != null) {
      client.connection = null;
      connected.decrementAndGet();
      try {
        connection.close();
      } catch (IOException gone) {
        // So it is closed.
      }
    }
  }

  /** How many have a connection; from any thread. */
  int connected() {
    return connected.get();
  }

  /** How many connections the other side has ended or not taken; from any thread. */
  long sentAway() {
    return sentAway.get();
  }

  @Override
  public void close() {
    clients.forEach(this::leave);
    clients.clear();
  }
}
