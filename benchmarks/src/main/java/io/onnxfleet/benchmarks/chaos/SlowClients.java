package io.onnxfleet.benchmarks.chaos;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.crowd.CrowdCommand;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.benchmarks.load.Window;
import io.onnxfleet.testing.process.Running;
import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A thousand clients that send or take a byte a second ({@link CrowdCommand}). The gateway sends
 * most of them away after its time for them, and they come again. Measured with and without them in
 * turn.
 */
final class SlowClients implements Scenario {

  private static final double MOST = 1.1;

  /** Of the slow clients that have a connection at the end of a round. */
  private static final double PRESENT = 0.95;

  private static final int ROUNDS = 7;

  /** Of what the fleet can do: more, and its own queues hide what the slow clients do. */
  private static final double SHARE = 0.3;

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
    Running crowd = startCrowd(fleet, gateway);
    long sentAway = 0;
    long fewest = settings.slowClients();
    try (Traffic traffic = Traffic.open(gateway.port(), rate)) {
      for (int round = 0; round < ROUNDS; round++) {
        traffic.during(SETTLING);
        without.add(traffic.during(MEASURED).millis(99));
        order(crowd, settings.slowClients());
        traffic.during(CrowdCommand.ARRIVAL.plus(SETTLING));
        Window window = traffic.during(MEASURED);
        with.add(window.millis(99));
        failed += window.failed();
        order(crowd, 0);
        traffic.during(SETTLING);
        long[] told = told(crowd);
        settings.say(
            "p99 %.1f ms without, %.1f ms with %d slow clients, of which %d were sent away"
                .formatted(without.getLast(), with.getLast(), told[0], told[1] - sentAway));
        sentAway = told[1];
        fewest = Math.min(fewest, told[0]);
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
        Bar.atLeast("slow clients present", PRESENT * settings.slowClients(), (double) fewest, ""),
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

  /** The crowd's process, which gives way to all that is measured. */
  private static Running startCrowd(ChaosFleet fleet, Running gateway) throws IOException {
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(element -> Path.of(element).toAbsolutePath().toString())
            .collect(Collectors.joining(File.pathSeparator));
    return fleet.startOther(
        "crowd",
        gateway.port(),
        List.of(
            "nice",
            "-n",
            "19",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx64m",
            "-classpath",
            classPath,
            "io.onnxfleet.benchmarks.Benchmarks",
            "crowd",
            "--port=" + gateway.port(),
            "--model=" + ChaosFleet.MODEL));
  }

  private static void order(Running crowd, int clients) throws IOException {
    Writer orders = crowd.process().outputWriter(US_ASCII);
    orders.write(clients + "\n");
    orders.flush();
  }

  /** What the crowd said last: how many have a connection, and how many were sent away so far. */
  private static long[] told(Running crowd) throws IOException {
    List<String> lines = Files.readAllLines(crowd.log());
    String[] words = lines.isEmpty() ? new String[0] : lines.getLast().split(" ");
    if (words.length != 2) {
      throw new IOException("the crowd said " + lines + " (expected two numbers a line)");
    }
    return new long[] {Long.parseLong(words[0]), Long.parseLong(words[1])};
  }
}
