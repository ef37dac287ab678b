package io.onnxfleet.engine.loading.child;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.crash.CrashFolder;
import org.junit.jupiter.api.Test;

/** How the child process is started. */
class TrialCommandTest {
  @Test
  void command_findsTheSameLibraries_whenTheyLieInAFolder() {
    String property = "onnxruntime.native.path";
    String before = System.getProperty(property);
    System.setProperty(property, "/app/native");
    try {
      assertThat(TrialVersionLoader.command(CrashFolder.ofThisProcess()))
          .contains("-Donnxruntime.native.path=/app/native");
    } finally {
      if (before == null) {
        System.clearProperty(property);
      } else {
        System.setProperty(property, before);
      }
    }
  }
}
