package io.onnxfleet.benchmarks.chaos;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.onnxfleet.benchmarks.chaos.ChaosFleet.Running;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A thousand clients that send or take a byte a second: a third of them send the head of a request,
 * a third a body, and a third read an answer. Measured with and without them in turn.
 */
final class SlowClients implements Scenario {

  private static final double MOST = 1.1;
  private static final int ROUNDS = 3;

  /** In which a slow client sends or takes one byte. */
  private static final Duration PERIOD = Duration.ofSeconds(1);

  private static final Duration MEASURED = Duration.ofSeconds(6);

  @Override
  public String scenario() {
    return "slow-clients";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    List<Running> processes = fleet.startAll(2);
    Running gateway = processes.getFirst();
    double rate = 0.5 * settings.load() * Traffic.capacity(gateway.port(), settings.warmUp());
    settings.say("%.0f requests a second".formatted(rate));
    List<Double> without = new ArrayList<>();
    List<Double> with = new ArrayList<>();
    long failed = 0;
    long early = gateway.residentBytes();
    try (Traffic traffic = Traffic.open(gateway.port(), rate)) {
      traffic.during(Duration.ofSeconds(3));
      for (int round = 0; round < ROUNDS; round++) {
        without.add(traffic.during(MEASURED).millis(99));
        try (Crowd crowd = new Crowd(gateway.port(), settings.slowClients())) {
          traffic.during(Duration.ofSeconds(2));
          var window = traffic.during(MEASURED);
          with.add(window.millis(99));
          failed += window.failed();
          settings.say(crowd.alive() + " slow clients were connected");
        }
        traffic.during(Duration.ofSeconds(2));
      }
    }
    double ratio = median(with) / median(without);
    return List.of(
        Bar.atMost(
            "p99 with %d slow clients over without".formatted(settings.slowClients()),
            MOST,
            ratio,
            ""),
        Bar.atMost("failed", 0, (double) failed, ""),
        Bar.shown("p99", "%.1f ms with, %.1f ms without".formatted(median(with), median(without))),
        Bar.shown(
            "gateway's memory",
            "%.0f MB before, %.0f MB after".formatted(early / 1e6, gateway.residentBytes() / 1e6)));
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  /** The slow clients; closing ends them. */
  private static final class Crowd implements AutoCloseable {
    private final List<Socket> sockets = new ArrayList<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicBoolean ended = new AtomicBoolean();

    Crowd(int port, int clients) throws IOException {
      for (int i = 0; i < clients; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        sockets.add(socket);
        int kind = i % 3;
        long startMillis = PERIOD.toMillis() * i / clients;
        threads.execute(() -> crawl(socket, kind, startMillis));
      }
    }

    private void crawl(Socket socket, int kind, long startMillis) {
      String head = "POST /v2/models/" + ChaosFleet.MODEL + "/infer HTTP/1.1\r\nHost: x\r\n";
      String question = "GET /v2/models/" + ChaosFleet.MODEL + " HTTP/1.1\r\nHost: x\r\n\r\n";
      try {
        // Not all in the same instant: a thousand bytes at once would be a burst, not slowness.
        Thread.sleep(startMillis);
        OutputStream out = socket.getOutputStream();
        InputStream in = socket.getInputStream();
        if (kind == 1) {
          out.write((head + "Content-Length: 100000\r\n\r\n").getBytes(US_ASCII));
        } else if (kind == 2) {
          out.write(question.getBytes(US_ASCII));
        }
        for (int at = 0; !ended.get(); at++) {
          switch (kind) {
            case 0 -> out.write(at < head.length() ? head.charAt(at) : 'x');
            case 1 -> out.write('x');
            default -> {
              if (in.read() < 0) {
                return;
              }
            }
          }
          Thread.sleep(PERIOD);
        }
      } catch (IOException gaveUp) {
        // The gateway has ended the connection, which it may.
      } catch (InterruptedException end) {
        Thread.currentThread().interrupt();
      }
    }

    long alive() {
      return sockets.stream().filter(socket -> !socket.isClosed()).count();
    }

    @Override
    public void close() throws IOException {
      ended.set(true);
      for (Socket socket : sockets) {
        socket.close();
      }
      threads.shutdownNow();
      threads.close();
    }
  }
}
