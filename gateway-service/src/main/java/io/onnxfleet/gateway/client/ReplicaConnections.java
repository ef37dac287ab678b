package io.onnxfleet.gateway.client;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.Future;
import io.onnxfleet.gateway.fleet.Replica;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A pool of connections for each replica. An exchange gets the connection that was last given back
 * on its own event loop, else a new one on that loop; where there are as many as may be, any that
 * is free, or it waits in line. Safe for use by many threads; never blocks.
 */
public final class ReplicaConnections implements Connections, AutoCloseable {

  /**
   * How many connections there may be, and for how long.
   *
   * @param most to one replica
   * @param mostWaiting exchanges that may wait for a connection to one replica
   * @param connectTimeout for opening one
   * @param maxIdleTime after which an unused one is closed
   * @param maxLifeTime after which one is not used again
   */
  public record Limits(
      int most,
      int mostWaiting,
      Duration connectTimeout,
      Duration maxIdleTime,
      Duration maxLifeTime) {}

  private final Limits limits;
  private final Connector connector;
  private final LongSupplier nanoClock;
  private final Map<String, Pool> pools = new ConcurrentHashMap<>();
  private final Future<?> sweeps;

  ReplicaConnections(Limits limits, Connector connector, LongSupplier nanoClock) {
    this.limits = limits;
    this.connector = connector;
    this.nanoClock = nanoClock;
    long pause = limits.maxIdleTime().toMillis();
    this.sweeps =
        connector
            .loop()
            .scheduleWithFixedDelay(this::closeTooOld, pause, pause, TimeUnit.MILLISECONDS);
  }

  /**
   * Connections on the event loops of the gateway's own server.
   *
   * @param tls null where replicas are connected to without
   */
  public static ReplicaConnections over(Limits limits, @Nullable SslContext tls) {
    return new ReplicaConnections(
        limits, new TcpConnector(limits.connectTimeout(), tls), System::nanoTime);
  }

  @Override
  public void lend(Replica replica, Exchange to) {
    Pool pool;
    do {
      pool = pools.get(replica.baseUri());
      if (pool == null) {
        pool = pools.computeIfAbsent(replica.baseUri(), key -> new Pool(key, replica));
      }
    } while (!pool.lend(to));
  }

  @Override
  public void forget(Replica replica, Exchange waiting) {
    Pool pool = pools.get(replica.baseUri());
    if (pool != null) {
      pool.forget(waiting);
    }
  }

  /** Closes what is unused. What is lent is closed by its exchange. */
  @Override
  public void close() {
    sweeps.cancel(false);
    pools.values().forEach(pool -> pool.closeIdle(true));
  }

  /** Closes what was unused for too long. */
  void closeTooOld() {
    pools.values().forEach(pool -> pool.closeIdle(false));
  }

  private final class Pool {

    private final String key;
    private final InetSocketAddress address;

    @GuardedBy("this")
    private final IdentityHashMap<EventLoop, Deque<ReplicaConnection>> idle =
        new IdentityHashMap<>();

    @GuardedBy("this")
    private final Deque<Exchange> waiting = new ArrayDeque<>();

    /** Those that are idle, lent or about to be opened. */
    @GuardedBy("this")
    private int open;

    /** No longer in the map. */
    @GuardedBy("this")
    private boolean retired;

    Pool(String key, Replica replica) {
      this.key = key;
      this.address = InetSocketAddress.createUnresolved(replica.getHost(), replica.getPort());
    }

    /** False: there is a newer pool by now. */
    boolean lend(Exchange to) {
      EventLoop loop = connector.loop();
      ReplicaConnection free;
      boolean opens = false;
      synchronized (this) {
        if (retired) {
          return false;
        }
        boolean isFull = open >= limits.most();
        free = takeIdle(loop, isFull);
        if (free == null) {
          if (!isFull) {
            open++;
            opens = true;
          } else if (waiting.size() < limits.mostWaiting()) {
            waiting.add(to);
            return true;
          }
        }
      }
      if (free != null) {
        free.lend(to);
      } else if (opens) {
        open(loop, to);
      } else {
        to.saturated();
      }
      return true;
    }

    @GuardedBy("this")
    private @Nullable ReplicaConnection takeIdle(EventLoop loop, boolean ofAnyLoop) {
      ReplicaConnection own = takeIdle(idle.get(loop));
      if (own != null || !ofAnyLoop) {
        return own;
      }
      for (Deque<ReplicaConnection> others : idle.values()) {
        ReplicaConnection other = takeIdle(others);
        if (other != null) {
          return other;
        }
      }
      return null;
    }

    private @Nullable ReplicaConnection takeIdle(@Nullable Deque<ReplicaConnection> free) {
      ReplicaConnection next;
      while (free != null && (next = free.pollFirst()) != null) {
        if (next.isActive() && !isTooOld(next)) {
          return next;
        }
        next.close();
      }
      return null;
    }

    private boolean isTooOld(ReplicaConnection connection) {
      return connection.isOlderThan(
          limits.maxIdleTime().toNanos(), limits.maxLifeTime().toNanos(), nanoClock.getAsLong());
    }

    private void open(EventLoop loop, Exchange to) {
      connector.connect(loop, address).addListener((Future<Channel> made) -> opened(made, to));
    }

    private void opened(Future<Channel> made, Exchange to) {
      if (!made.isSuccess()) {
        to.refused(made.cause());
        closed(null);
        return;
      }
      Channel channel = made.getNow();
      ReplicaConnection connection =
          new ReplicaConnection(channel, nanoClock.getAsLong(), this::free);
      channel.pipeline().addLast(connection);
      channel.closeFuture().addListener(closed -> closed(connection));
      connection.lend(to);
    }

    /** The connection is given back by its exchange. */
    private void free(ReplicaConnection connection) {
      connection.idleSince(nanoClock.getAsLong());
      Exchange next = null;
      boolean ends = !connection.isActive() || isTooOld(connection);
      synchronized (this) {
        if (!ends) {
          next = waiting.pollFirst();
          if (next == null) {
            idle.computeIfAbsent(connection.loop(), loop -> new ArrayDeque<>())
                .addFirst(connection);
          }
        }
      }
      if (ends) {
        connection.close();
      } else if (next != null) {
        connection.lend(next);
      }
    }

    /** There is one connection less: who waits longest may open one in its place. */
    private void closed(@Nullable ReplicaConnection connection) {
      Exchange next;
      synchronized (this) {
        Deque<ReplicaConnection> free = connection == null ? null : idle.get(connection.loop());
        if (free != null) {
          free.remove(connection);
        }
        next = waiting.pollFirst();
        if (next == null) {
          open--;
        }
      }
      if (next != null) {
        open(connector.loop(), next);
      }
    }

    synchronized void forget(Exchange gone) {
      waiting.remove(gone);
    }

    void closeIdle(boolean all) {
      List<ReplicaConnection> closing = new ArrayList<>();
      synchronized (this) {
        for (Deque<ReplicaConnection> free : idle.values()) {
          free.removeIf(connection -> (all || isTooOld(connection)) && closing.add(connection));
        }
        if (open == 0 && waiting.isEmpty()) {
          retired = true;
          pools.remove(key, this);
        }
      }
      closing.forEach(ReplicaConnection::close);
    }
  }
}
