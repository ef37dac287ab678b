package io.onnxfleet.benchmarks.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.onnxfleet.benchmarks.load.Ends.Broken;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends prepared requests to one server, over kept-alive connections, and records how they end. One
 * event loop does all of it, on the system's readiness calls where they are at hand: no thread a
 * request, no copy of a body, no object a request but a view of its bytes. A broken connection is
 * opened again.
 *
 * <p>Its methods are for one thread, which takes a {@link Window} now and then; the load does not
 * wait for it.
 */
public final class LoadGenerator implements AutoCloseable {
  private static final long CONNECT_AGAIN_MILLIS = 50;
  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;

  private final List<PreparedRequest> requests;
  private final long timeoutNanos;
  private final LongSupplier nanoTime;
  private final Transport transport = Transport.ofThisSystem(1);
  private final EventLoop loop;
  private final Bootstrap bootstrap;
  private final Source source;
  private final int maxConnections;
  private final Ends ends = new Ends();
  private final AtomicLongArray served;
  private final CompletableFuture<Void> firstEnd = new CompletableFuture<>();

  // All below belongs to the event loop.
  private final List<Connection> connections = new ArrayList<>();
  private long sequence;
  private boolean isStopped;

  // Belongs to the calling thread.
  private long windowStart;

  /** Where the event loop takes requests from. */
  private sealed interface Source {
    void start();

    void opened(Connection connection);

    /** The connection could not be opened; that has been counted. */
    void notOpened(Connection connection);

    /** The last request was answered. */
    void free(Connection connection);

    /** The connection was open, and is no more. */
    void lost(Connection connection);

    /** How many requests are due and not sent. */
    long unsent();
  }

  /**
   * What is left when the load ends.
   *
   * @param unsent due, but never sent for want of a free connection
   * @param underWay sent, and not yet answered
   */
  public record Rest(long unsent, long underWay) {}

  /**
   * Sends nothing yet.
   *
   * @param requests are sent in turn, over all connections
   * @param timeout how long an answer may take before its connection is given up
   */
  public LoadGenerator(
      Target target,
      List<PreparedRequest> requests,
      Load load,
      Duration timeout,
      LongSupplier nanoTime,
      long seed) {
    if (requests.isEmpty()) {
      throw new IllegalArgumentException("0 requests (expected: at least 1)");
    }
    this.requests = List.copyOf(requests);
    this.timeoutNanos = timeout.toNanos();
    this.nanoTime = nanoTime;
    this.loop = transport.group().next();
    this.source =
        switch (load) {
          case Load.Closed closed -> new ClosedSource(closed);
          case Load.Open open -> new OpenSource(open, new SplittableRandom(seed));
        };
    this.maxConnections =
        switch (load) {
          case Load.Closed closed -> closed.connections();
          case Load.Open open -> open.maxConnections();
        };
    this.served = new AtomicLongArray(maxConnections);
    this.bootstrap =
        new Bootstrap()
            .group(transport.group())
            .channel(transport.client())
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
            .remoteAddress(target.host(), target.port());
  }

  /**
   * Starts the load, and returns when the first request has ended.
   *
   * @throws IOException if no connection can be had
   */
  public void start() throws IOException, InterruptedException {
    loop.execute(source::start);
    long sweep = Math.max(1, TimeUnit.NANOSECONDS.toMillis(timeoutNanos) / 4);
    var _ = loop.scheduleAtFixedRate(this::giveUp, sweep, sweep, TimeUnit.MILLISECONDS);
    try {
      firstEnd.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e);
    }
    windowStart = nanoTime.getAsLong();
  }

  /** What ended since the last call, or since the start. */
  public Window window() {
    long now = nanoTime.getAsLong();
    Window window = ends.take(Math.max(1, now - windowStart));
    windowStart = now;
    return window;
  }

  /** How the first request that failed did so; null if none has. */
  public @Nullable String firstFailure() {
    return ends.firstFailure();
  }

  /** How many requests each connection has borne to their ends since the start. */
  public long[] served() {
    long[] counts = new long[maxConnections];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = served.get(i);
    }
    return counts;
  }

  /** Ends the load. What is under way is no longer waited for. */
  public Rest stop() throws InterruptedException {
    CompletableFuture<Rest> rest = new CompletableFuture<>();
    loop.execute(
        () -> {
          isStopped = true;
          long underWay = connections.stream().filter(Connection::isBusy).count();
          rest.complete(new Rest(source.unsent(), underWay));
        });
    try {
      return rest.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  @Override
  public void close() {
    transport.close();
  }

  // ---------------------------------------------------------------- in the event loop

  private final Connection.Owner owner =
      new Connection.Owner() {
        @Override
        public void opened(Connection connection) {
          if (!isStopped) {
            source.opened(connection);
          }
        }

        @Override
        public void answered(Connection connection, int status, String error) {
          if (isStopped) {
            return;
          }
          if (status >= 200 && status <= 299) {
            ends.succeeded(nanoTime.getAsLong() - connection.since());
          } else {
            ends.failed(status, error);
          }
          ended(connection);
          if (connection.isOpen()) {
            source.free(connection);
          }
        }

        @Override
        public void broke(Connection connection, Broken how, String message) {
          if (!isStopped) {
            ends.failed(how, message);
            ended(connection);
          }
        }

        @Override
        public void closed(Connection connection) {
          if (!isStopped) {
            source.lost(connection);
          }
        }
      };

  private void ended(Connection connection) {
    served.lazySet(connection.index, served.getPlain(connection.index) + 1);
    firstEnd.complete(null);
  }

  private void send(Connection connection, long from, long now) {
    PreparedRequest request = requests.get((int) (sequence++ % requests.size()));
    connection.send(request, from, now);
  }

  /** Opens a connection in that place; whichever was there before is closed. */
  private void connect(int index) {
    Connection connection = new Connection(index, owner);
    if (index == connections.size()) {
      connections.add(connection);
    } else {
      connections.set(index, connection);
    }
    ChannelFuture opening = bootstrap.clone().handler(connection).connect();
    opening.addListener(done -> notOpened(connection, done.cause()));
  }

  private void notOpened(Connection connection, @Nullable Throwable cause) {
    if (isStopped || cause == null) {
      return;
    }
    String message = String.valueOf(cause.getMessage());
    firstEnd.completeExceptionally(new IOException(message, cause));
    ends.failed(Broken.REFUSED, message);
    source.notOpened(connection);
  }

  private void giveUp() {
    long now = nanoTime.getAsLong();
    for (Connection connection : List.copyOf(connections)) {
      if (connection.isBusy() && now - connection.sent() > timeoutNanos) {
        connection.close(Broken.TIMEOUT, "after " + timeoutNanos / 1_000_000 + " ms");
      }
    }
  }

  /** A connection that is free sends at once; one that is lost is opened again, but not at once. */
  private final class ClosedSource implements Source {
    private final Load.Closed load;

    ClosedSource(Load.Closed load) {
      this.load = load;
    }

    @Override
    public void start() {
      for (int index = 0; index < load.connections(); index++) {
        connect(index);
      }
    }

    @Override
    public void opened(Connection connection) {
      free(connection);
    }

    @Override
    public void free(Connection connection) {
      ends.due();
      long now = nanoTime.getAsLong();
      send(connection, now, now);
    }

    @Override
    public void notOpened(Connection connection) {
      lost(connection);
    }

    @Override
    public void lost(Connection connection) {
      int index = connection.index;
      var _ = loop.schedule(() -> connect(index), CONNECT_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public long unsent() {
      return 0;
    }
  }

  /**
   * Requests become due by a schedule. One that finds no free connection waits, in order, while
   * another connection is opened, up to the most allowed.
   */
  private final class OpenSource implements Source, Runnable {
    private final ArrivalSchedule schedule;

    /** The one used last is used next: those that are not needed stay idle. */
    private final ArrayDeque<Connection> free = new ArrayDeque<>();

    /** Places of connections that were lost. */
    private final ArrayDeque<Integer> places = new ArrayDeque<>();

    /** When the requests were due that are not sent yet. */
    private final LongQueue waiting = new LongQueue();

    private int opening;
    private long start;

    OpenSource(Load.Open load, SplittableRandom random) {
      this.schedule = new ArrivalSchedule(load, random);
    }

    @Override
    public void start() {
      start = nanoTime.getAsLong();
      run();
    }

    @Override
    public void run() {
      if (isStopped) {
        return;
      }
      long now = nanoTime.getAsLong();
      while (start + schedule.peek() - now <= 0) {
        waiting.add(start + schedule.take());
        ends.due();
      }
      serve(now);
      long gap = Math.max(0, start + schedule.peek() - nanoTime.getAsLong());
      var _ = loop.schedule(this, gap, TimeUnit.NANOSECONDS);
    }

    private void serve(long now) {
      while (!waiting.isEmpty() && !free.isEmpty()) {
        Connection connection = free.removeFirst();
        if (connection.isOpen()) { // else its end is about to be told
          send(connection, waiting.remove(), now);
        }
      }
      while (opening < waiting.size() && hasPlace()) {
        opening++;
        connect(places.isEmpty() ? connections.size() : places.removeFirst());
      }
    }

    private boolean hasPlace() {
      return !places.isEmpty() || connections.size() < maxConnections;
    }

    @Override
    public void opened(Connection connection) {
      opening--;
      free(connection);
    }

    @Override
    public void free(Connection connection) {
      if (waiting.isEmpty()) {
        free.addFirst(connection);
      } else {
        send(connection, waiting.remove(), nanoTime.getAsLong());
      }
    }

    /** The request that wanted it has failed with it, as a caller's would. */
    @Override
    public void notOpened(Connection connection) {
      opening--;
      places.addLast(connection.index);
      if (!waiting.isEmpty()) {
        waiting.remove();
      }
    }

    @Override
    public void lost(Connection connection) {
      free.remove(connection);
      places.addLast(connection.index);
    }

    @Override
    public long unsent() {
      return waiting.size();
    }
  }
}
