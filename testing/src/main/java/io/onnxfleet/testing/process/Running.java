package io.onnxfleet.testing.process;

import io.onnxfleet.launcher.process.Launch;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A process, where it listens, and what started it.
 *
 * @param base where its paths begin
 * @param launch what started it
 */
public record Running(String name, Process process, URI base, Launch launch) {
  /** What it has printed. */
  public Path log() {
    return launch.output();
  }

  public int port() {
    return base.getPort();
  }

  public URI uri(String path) {
    return base.resolve(path);
  }

  /** Ends it as a crash would, and waits until it has. */
  public void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** Asks it to end. */
  public void terminate() {
    process.destroy();
  }

  /** Waits until it has ended. */
  public void awaitEnd() {
    process.onExit().join();
  }

  /** Sends a signal by its name: has it do nothing, with {@code STOP}, until {@code CONT}. */
  public void signal(String signal) throws IOException, InterruptedException {
    List<String> kill = List.of("kill", "-" + signal, Long.toString(process.pid()));
    int status = new ProcessBuilder(kill).inheritIO().start().waitFor();
    if (status != 0) {
      throw new IOException(kill + ": exit code " + status + " (expected: 0)");
    }
  }

  /** How much of it is in memory. */
  public long residentBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
      if (line.startsWith("VmRSS:")) {
        return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException("no VmRSS of " + name);
  }
}
