package io.onnxfleet.launcher;

import io.onnxfleet.launcher.fleet.FleetFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** By an authority of this checkout: made by the program that tests make theirs by. */
final class Certificates {
  private static final List<String> NAMES =
      List.of("discovery-server", "gateway-service", "inference-service", "job-service");

  /** They are valid for a month more. */
  private static final Duration GOOD = Duration.ofDays(365);

  private final FleetFolder folder;

  Certificates(FleetFolder folder) {
    this.folder = folder;
  }

  void makeAll() throws IOException, InterruptedException {
    make(NAMES);
  }

  /** Those that are missing, or as good as expired. */
  void makeIfNeeded() throws IOException, InterruptedException {
    List<String> missing = new ArrayList<>();
    for (String name : NAMES) {
      Path certificate = folder.certificates().resolve(name).resolve("tls.crt");
      if (!Files.exists(certificate)
          || Files.getLastModifiedTime(certificate)
              .toInstant()
              .isBefore(Instant.now().minus(GOOD))) {
        missing.add(name);
      }
    }
    if (!missing.isEmpty()) {
      make(missing);
    }
  }

  private void make(List<String> names) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add(folder.root().resolve("build/DevCertificates.java").toString());
    command.add(folder.certificates().toString());
    command.addAll(names);
    int code = Foreground.run(folder.root(), command);
    if (code != 0) {
      throw new IOException("no certificates were made (exit code " + code + ")");
    }
  }
}
