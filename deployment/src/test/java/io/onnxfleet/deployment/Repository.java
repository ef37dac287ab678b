package io.onnxfleet.deployment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files that the tests look at, and what the services say in them. */
final class Repository {
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final Pattern CONSTANT = Pattern.compile("\"((?:fleet|nv)[._][a-z._]+)\"");

  private Repository() {}

  static Path path(String name) {
    return ROOT.resolve(name);
  }

  static String read(String name) throws IOException {
    return Files.readString(path(name));
  }

  static Node yaml(String name) throws IOException {
    return Node.ofYaml(read(name)).getFirst();
  }

  /** Seconds from TERM to the end of a replica that has requests for as long as it may. */
  static long inferenceStopSeconds() throws IOException {
    long drain =
        seconds(
            "DefaultValue\\(\"(\\d+)s\"\\) Duration drainTimeout",
            "inference-service/src/main/java/io/onnxfleet/inference/configuration/InferenceProperties.java");
    return drain + phaseSeconds("inference-service");
  }

  /** The same of a gateway. */
  static long gatewayStopSeconds() throws IOException {
    long notice =
        seconds(
            "DefaultValue\\(\"(\\d+)s\"\\) Duration notice",
            "gateway-service/src/main/java/io/onnxfleet/gateway/departure/DepartureProperties.java");
    return notice + phaseSeconds("gateway-service");
  }

  /**
   * The same of a job service. Its schedulers of jobs, slices and maintenance and that of webhooks
   * wait for what they work on, one after the other.
   */
  static long jobsStopSeconds() throws IOException {
    long each =
        seconds("shutdown-max-wait: (\\d+)s", "job-service/src/main/resources/application.yml");
    long webhooks =
        seconds(
            "LAST_WAIT = Duration.ofSeconds\\((\\d+)\\)",
            "job-service/src/main/java/io/onnxfleet/jobs/webhook/DeliverySchedule.java");
    return 3 * each + webhooks + phaseSeconds("job-service");
  }

  /** Seconds that Spring gives each phase of a service's stop. */
  static long phaseSeconds(String module) throws IOException {
    return seconds(
        "timeout-per-shutdown-phase: (\\d+)s", module + "/src/main/resources/application.yml");
  }

  private static long seconds(String pattern, String file) throws IOException {
    Matcher matcher = Pattern.compile(pattern).matcher(read(file));
    if (!matcher.find()) {
      throw new AssertionError(file + ": nothing like " + pattern);
    }
    return Long.parseLong(matcher.group(1));
  }

  /** Names of meters as Prometheus shows them, without units and endings. */
  static List<String> meters(String module) throws IOException {
    List<String> names = new ArrayList<>();
    for (Path file : sources(module)) {
      Matcher matcher = CONSTANT.matcher(Files.readString(file));
      while (matcher.find()) {
        names.add(matcher.group(1).replace('.', '_'));
      }
    }
    return names;
  }

  /** What a module is compiled from. */
  static List<Path> sources(String module) throws IOException {
    try (Stream<Path> files = Files.walk(path(module + "/src/main/java"))) {
      return files.filter(file -> file.toString().endsWith(".java")).toList();
    }
  }
}
