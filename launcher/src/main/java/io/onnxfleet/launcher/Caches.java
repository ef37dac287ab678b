package io.onnxfleet.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.launcher.fleet.Fleet;
import io.onnxfleet.launcher.training.AotCache;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;

/** Processes start and warm up several times faster with a cache, and as well without one. */
final class Caches {
  private final Fleet fleet;
  private final Console console;

  Caches(Fleet fleet, Console console) {
    this.fleet = fleet;
    this.console = console;
  }

  void makeIfNeeded() throws IOException, InterruptedException {
    if (!fleet.environment().usesAotCache() || AotCache.isMade(fleet.folder().root())) {
      return;
    }
    console.say(
        "recording how the processes start, once a build, so that they start faster"
            + " (FLEET_AOT_CACHE=no skips it)");
    try (PrintStream log =
        new PrintStream(Files.newOutputStream(fleet.folder().log("aot-cache")), true, UTF_8)) {
      try {
        new AotCache(fleet.folder().root(), AotCache.LOAD, log).make();
      } catch (IOException failed) {
        failed.printStackTrace(log);
        console.say("  none recorded: " + failed.getMessage());
      }
    }
  }
}
