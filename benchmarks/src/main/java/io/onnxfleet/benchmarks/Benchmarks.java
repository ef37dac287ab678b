package io.onnxfleet.benchmarks;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** The command line: the first argument names what to run, the others are its own. */
final class Benchmarks {
  private static final String USAGE =
      """
      demo GATEWAY
      saturation GATEWAY REPLICA MODEL_FILE [SECONDS_PER_ROW [ROUNDS]]
      raw MODEL_FILE BATCH SECONDS""";

  private Benchmarks() {}

  @SuppressWarnings("SystemExitOutsideMain") // The exit code is the command line's answer.
  public static void main(String[] arguments) {
    try {
      run(Arrays.asList(arguments));
    } catch (IllegalArgumentException | IllegalStateException | IOException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  private static void run(List<String> arguments) throws IOException {
    String command = arguments.isEmpty() ? "" : arguments.getFirst();
    switch (command) {
      case "demo" -> {
        expect(arguments, 2, 2);
        try (FleetClient gateway = new FleetClient(URI.create(arguments.get(1)))) {
          new Demo(gateway, System::nanoTime, System.out).run();
        }
      }
      case "saturation" -> {
        expect(arguments, 4, 6);
        Duration row = Duration.ofSeconds(number(arguments, 4, 5));
        try (FleetClient gateway = new FleetClient(URI.create(arguments.get(1)));
            FleetClient replica = new FleetClient(URI.create(arguments.get(2)))) {
          new Saturation(gateway, replica, Path.of(arguments.get(3)), row, System::nanoTime)
              .run(number(arguments, 5, 3), System.out);
        }
      }
      case "raw" -> {
        expect(arguments, 4, 4);
        Duration duration = Duration.ofSeconds(number(arguments, 3, 5));
        double answers =
            Saturation.raw(
                Path.of(arguments.get(1)), number(arguments, 2, 1), duration, System::nanoTime);
        System.out.println("%.1f".formatted(answers));
      }
      default -> throw usage("command '" + command + "'");
    }
  }

  private static void expect(List<String> arguments, int least, int most) {
    if (arguments.size() < least || arguments.size() > most) {
      throw usage((arguments.size() - 1) + " arguments of " + arguments.getFirst());
    }
  }

  private static int number(List<String> arguments, int index, int absent) {
    if (index >= arguments.size()) {
      return absent;
    }
    String value = arguments.get(index);
    if (!value.matches("[1-9][0-9]{0,4}")) {
      throw usage("'" + value + "'");
    }
    return Integer.parseInt(value);
  }

  private static IllegalArgumentException usage(String value) {
    return new IllegalArgumentException(value + " (expected one of):\n" + USAGE);
  }
}
