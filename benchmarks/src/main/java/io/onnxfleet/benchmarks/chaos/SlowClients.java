package io.onnxfleet.benchmarks.chaos;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.onnxfleet.benchmarks.chaos.ChaosFleet.Running;
import io.onnxfleet.benchmarks.load.Window;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/**
 * A thousand clients that send or take a byte a second: a third of them send the head of a request,
 * a third a body, and a third read an answer. The gateway sends most of them away after its time
 * for them, and they come again. Measured with and without them in turn.
 */
final class SlowClients implements Scenario {

  private static final double MOST = 1.1;
  private static final int ROUNDS = 7;

  /** Of what the fleet can do: more, and its own queues hide what the slow clients do. */
  private static final double SHARE = 0.3;

  /** In which a slow client sends or takes one byte. */
  private static final Duration PERIOD = Duration.ofSeconds(1);

  private static final Duration SETTLING = Duration.ofSeconds(3);
  private static final Duration MEASURED = Duration.ofSeconds(10);

  @Override
  public String scenario() {
    return "slow-clients";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    List<Running> processes = fleet.startAll(2);
    Running gateway = processes.getFirst();
    double rate = SHARE * settings.load() * Traffic.capacity(gateway.port(), settings.warmUp());
    settings.say("%.0f requests a second".formatted(rate));
    List<Double> without = new ArrayList<>();
    List<Double> with = new ArrayList<>();
    long failed = 0;
    long early = gateway.residentBytes();
    try (Traffic traffic = Traffic.open(gateway.port(), rate)) {
      for (int round = 0; round < ROUNDS; round++) {
        traffic.during(SETTLING);
        without.add(traffic.during(MEASURED).millis(99));
        try (Crowd crowd = new Crowd(gateway.port(), settings.slowClients())) {
          traffic.during(Crowd.ARRIVAL.plus(SETTLING));
          Window window = traffic.during(MEASURED);
          with.add(window.millis(99));
          failed += window.failed();
          settings.say(
              "p99 %.1f ms without, %.1f ms with %d slow clients, of which %d were sent away"
                  .formatted(
                      without.getLast(), with.getLast(), crowd.connected(), crowd.sentAway()));
        }
      }
    }
    return List.of(
        Bar.atMost(
            "p99 with %d slow clients over without, median of %d pairs"
                .formatted(settings.slowClients(), ROUNDS),
            MOST,
            median(ratios(with, without)),
            ""),
        Bar.atMost("failed", 0, (double) failed, ""),
        Bar.shown("p99", "%.1f ms with, %.1f ms without".formatted(median(with), median(without))),
        Bar.shown(
            "gateway's memory",
            "%.0f MB before, %.0f MB after".formatted(early / 1e6, gateway.residentBytes() / 1e6)));
  }

  private static List<Double> ratios(List<Double> above, List<Double> below) {
    return IntStream.range(0, above.size()).mapToObj(i -> above.get(i) / below.get(i)).toList();
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  /**
   * The slow clients. They come one after the other, and whoever is sent away comes again. Closing
   * ends them.
   */
  private static final class Crowd implements AutoCloseable {
    /** In which all of them come. */
    static final Duration ARRIVAL = Duration.ofSeconds(5);

    private static final String HEAD =
        "POST /v2/models/" + ChaosFleet.MODEL + "/infer HTTP/1.1\r\nHost: x\r\n";
    private static final String BODY_FOLLOWS = HEAD + "Content-Length: 100000\r\n\r\n";
    private static final String QUESTION =
        "GET /v2/models/" + ChaosFleet.MODEL + " HTTP/1.1\r\nHost: x\r\n\r\n";

    /** What a slow client is slow at. */
    private enum Kind {
      HEAD,
      BODY,
      ANSWER
    }

    private final int port;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicLong sentAway = new AtomicLong();

    Crowd(int port, int clients) {
      this.port = port;
      for (int i = 0; i < clients; i++) {
        Kind kind = Kind.values()[i % Kind.values().length];
        Duration start = ARRIVAL.multipliedBy(i).dividedBy(clients);
        threads.execute(() -> comeAgainAndAgain(kind, start));
      }
    }

    private void comeAgainAndAgain(Kind kind, Duration start) {
      try {
        Thread.sleep(start);
        while (true) {
          crawl(kind);
          sentAway.incrementAndGet();
        }
      } catch (InterruptedException end) {
        Thread.currentThread().interrupt();
      }
    }

    /** Returns when the gateway has ended the connection. */
    private void crawl(Kind kind) throws InterruptedException {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        sockets.add(socket);
        try {
          OutputStream out = socket.getOutputStream();
          switch (kind) {
            case HEAD -> trickle(out, HEAD);
            case BODY -> {
              out.write(BODY_FOLLOWS.getBytes(US_ASCII));
              trickle(out, "");
            }
            case ANSWER -> {
              out.write(QUESTION.getBytes(US_ASCII));
              while (socket.getInputStream().read() >= 0) {
                Thread.sleep(PERIOD);
              }
            }
          }
        } finally {
          sockets.remove(socket);
        }
      } catch (IOException sentAway) {
        // The gateway has ended the connection, which it may.
      }
    }

    private static void trickle(OutputStream out, String beginning)
        throws IOException, InterruptedException {
      for (int at = 0; ; at++) {
        out.write(at < beginning.length() ? beginning.charAt(at) : 'x');
        Thread.sleep(PERIOD);
      }
    }

    int connected() {
      return sockets.size();
    }

    long sentAway() {
      return sentAway.get();
    }

    @Override
    public void close() throws IOException {
      threads.shutdownNow();
      for (Socket socket : sockets) {
        socket.close();
      }
      threads.close();
    }
  }
}
