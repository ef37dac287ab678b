package io.onnxfleet.benchmarks.chaos.crowd;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code crowd}: slow clients in a process of their own, so that what they cost is not the load
 * generator's. Reads from its standard input how many there are to be, a number a line; the end of
 * the input ends it. Before it does what a line says it tells how many there are and were sent
 * away.
 */
@Command(
    name = "crowd",
    hidden = true,
    description = "Slow clients, as many as the last line of standard input says.")
public final class CrowdCommand implements Callable<Integer> {
  /** In which all of them come. */
  public static final Duration ARRIVAL = Duration.ofSeconds(5);

  @Option(names = "--port", required = true, paramLabel = "P")
  private int port;

  @Option(names = "--model", required = true, paramLabel = "M")
  private String model = "";

  private volatile int wanted;
  private volatile boolean ended;

  @Override
  public Integer call() throws InterruptedException {
    Thread caller = Thread.currentThread();
    try (Crowd crowd = new Crowd(port, model, System::nanoTime)) {
      Thread orders =
          Thread.ofVirtual()
              .start(
                  () -> {
                    read(crowd);
                    ended = true;
                    LockSupport.unpark(caller);
                  });
      while (!ended) {
        LockSupport.parkNanos(crowd.act(wanted));
      }
      orders.join();
    }
    return 0;
  }

  private void read(Crowd crowd) {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    try {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.out.println(crowd.connected() + " " + crowd.sentAway());
        wanted = Integer.parseInt(line.strip());
      }
    } catch (IOException | NumberFormatException end) {
      System.out.println(end);
    }
  }
}
