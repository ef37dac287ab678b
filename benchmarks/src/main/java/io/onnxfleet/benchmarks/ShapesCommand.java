package io.onnxfleet.benchmarks;

import io.onnxfleet.benchmarks.client.BinaryRequest;
import io.onnxfleet.benchmarks.client.FleetClient;
import io.onnxfleet.benchmarks.client.ModelInput;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code shapes}: what the first request of each new shape costs, against the next ones of that
 * shape. One request at a time, so that no batch mixes shapes. Tells the truth only of models that
 * were just loaded.
 */
@Command(
    name = "shapes",
    description = "What the first request of each new shape costs.",
    sortOptions = false,
    mixinStandardHelpOptions = true)
final class ShapesCommand implements Callable<Integer> {
  private static final long SEED = 5;

  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--url", required = true, paramLabel = "U", description = "http://host:port.")
  private URI url = URI.create("");

  @Option(
      names = "--model",
      required = true,
      split = ",",
      paramLabel = "M,M...",
      description = "Models over INT64 rows, one line of the table each.")
  private List<String> models = List.of();

  @Option(
      names = "--lengths",
      split = ",",
      description = "Of the one row. Default: ${DEFAULT-VALUE}.")
  private List<Integer> lengths =
      List.of(5, 11, 17, 23, 29, 37, 43, 51, 59, 67, 73, 81, 89, 97, 105, 113, 119, 127);

  @Option(
      names = "--repeats",
      description = "Further requests of each shape. Default: ${DEFAULT-VALUE}.")
  private int repeats = 5;

  @Override
  public Integer call() throws IOException, InterruptedException {
    CommandSpec injected = spec;
    if (injected == null) {
      throw new IllegalStateException("run by picocli only");
    }
    PrintWriter out = injected.commandLine().getOut();
    out.println(
        "| Model | Shapes | First, median ms | First, worst ms | Next, median ms | All firsts ms |");
    out.println("|---|---:|---:|---:|---:|---:|");
    for (String model : models) {
      List<Double> firsts = new ArrayList<>();
      List<Double> nexts = new ArrayList<>();
      try (FleetClient client = new FleetClient(url)) {
        List<ModelInput> inputs = client.inputs(model);
        for (int length : lengths) {
          BinaryRequest request = request(inputs, length);
          firsts.add(millis(client, model, request));
          for (int repeat = 0; repeat < repeats; repeat++) {
            nexts.add(millis(client, model, request));
          }
        }
      }
      out.println(
          "| %s | %d | %.2f | %.2f | %.2f | %.1f |"
              .formatted(
                  model,
                  firsts.size(),
                  median(firsts),
                  Collections.max(firsts),
                  median(nexts),
                  firsts.stream().mapToDouble(Double::doubleValue).sum()));
      out.flush();
    }
    return 0;
  }

  private static BinaryRequest request(List<ModelInput> inputs, int length) {
    RandomGenerator random = new SplittableRandom(SEED);
    Map<String, long[]> rows = new LinkedHashMap<>();
    for (ModelInput input : inputs) {
      double[] values = input.values(List.of(1L, (long) length), random);
      long[] row = new long[length];
      for (int index = 0; index < length; index++) {
        row[index] = (long) values[index];
      }
      rows.put(input.name(), row);
    }
    return BinaryRequest.ofRows(rows);
  }

  private static double millis(FleetClient client, String model, BinaryRequest request)
      throws IOException, InterruptedException {
    long begin = System.nanoTime();
    byte[] _ = client.infer(model, request);
    return (System.nanoTime() - begin) / 1e6;
  }

  static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }
}
