package io.onnxfleet.launcher.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The header by which the launcher may ask a gateway that wants credentials: its owner's alone. */
final class GatewayCredentials {
  private static final String HEADER = "Authorization";
  private static final String PREFIX = HEADER + ": ";

  private final Path file;

  GatewayCredentials(FleetFolder folder) {
    this.file = folder.run().resolve("authorization");
  }

  boolean areNeeded() {
    return Files.isRegularFile(file);
  }

  void forget() throws IOException {
    Files.deleteIfExists(file);
  }

  void write(String token) throws IOException {
    OwnFile.write(file, PREFIX + "Bearer " + token + "\n");
  }

  /** Name and value, or nothing. */
  String[] headers() throws IOException {
    if (!areNeeded()) {
      return new String[0];
    }
    return new String[] {HEADER, Files.readString(file).strip().substring(PREFIX.length())};
  }
}
