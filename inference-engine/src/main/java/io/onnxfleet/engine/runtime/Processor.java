package io.onnxfleet.engine.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The model and the features of this machine's processor: kernels are chosen by them, so that what
 * was packed, measured or proven on one need not hold on another. Stateless.
 */
public final class Processor {
  private static final Path DESCRIPTION = Path.of("/proc/cpuinfo");

  private Processor() {}

  /** What the system says of it, or empty where it says nothing. */
  static Optional<String> described() throws IOException {
    if (!Files.isReadable(DESCRIPTION)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(DESCRIPTION)) {
      String described =
          lines
              .takeWhile(line -> !line.isBlank())
              .filter(line -> line.matches("(?i)(model name|flags|features|cpu part|vendor_id).*"))
              .reduce("", (left, right) -> left + "\n" + right);
      return described.isEmpty() ? Optional.empty() : Optional.of(described);
    }
  }

  /** A short name for processors like this one, fit for the name of a note. Read once. */
  public static String id() {
    return Id.OF_THIS_MACHINE;
  }

  private static final class Id {
    private static final String OF_THIS_MACHINE = read();

    private Id() {}

    private static String read() {
      String architecture = System.getProperty("os.arch", "unknown");
      try {
        CRC32C sum = new CRC32C();
        sum.update(described().orElse("").getBytes(UTF_8));
        return architecture + "-" + HexFormat.of().toHexDigits((int) sum.getValue());
      } catch (IOException unreadable) {
        return architecture;
      }
    }
  }
}
