package io.onnxfleet.benchmarks;

import io.onnxfleet.benchmarks.autoscaling.AutoscalingComparison;
import io.onnxfleet.benchmarks.autoscaling.AutoscalingComparison.Line;
import io.onnxfleet.benchmarks.command.CallersFolder;
import io.onnxfleet.benchmarks.command.Chart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code autoscaling}: compares what an autoscaler may scale on, and draws it. */
@Command(
    name = "autoscaling",
    description = "Compares the signals and settings of an autoscaler by simulation.",
    mixinStandardHelpOptions = true)
final class AutoscalingCommand implements Callable<Integer> {
  @Option(
      names = "--plots",
      paramLabel = "FOLDER",
      description = "Writes autoscaling-diurnal.svg and autoscaling-bursty.svg there.")
  private @Nullable Path plots;

  @Override
  public Integer call() throws IOException {
    AutoscalingComparison comparison = new AutoscalingComparison(System.out);
    comparison.run();
    if (plots != null) {
      Path folder = Files.createDirectories(CallersFolder.resolve(plots));
      for (boolean bursty : new boolean[] {false, true}) {
        Path file = folder.resolve("autoscaling-" + (bursty ? "bursty" : "diurnal") + ".svg");
        Files.writeString(file, draw(comparison.lines(bursty)));
      }
    }
    return 0;
  }

  private static String draw(List<Line> lines) {
    Chart chart = new Chart("minutes", "replicas");
    lines.forEach(line -> chart.curve(line.name(), line.values()));
    return chart.document();
  }
}
