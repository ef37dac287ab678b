package io.onnxfleet.benchmarks.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** What a figure was measured on. */
final class Machine {
  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

  private Machine() {}

  /** By name, in an order for readers. */
  static Map<String, String> described() {
    Map<String, String> described = new LinkedHashMap<>();
    described.put("processor", processor());
    described.put("CPUs", Integer.toString(Runtime.getRuntime().availableProcessors()));
    described.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    described.put("Java of the load generator", System.getProperty("java.vm.version"));
    described.put("date", LocalDate.now(ZoneOffset.UTC).toString());
    return described;
  }

  private static String processor() {
    try (Stream<String> lines = Files.lines(PROCESSORS, UTF_8)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElseGet(() -> System.getProperty("os.arch"));
    } catch (IOException e) { // not Linux
      return System.getProperty("os.arch");
    }
  }
}
