package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(value = OS.LINUX, disabledReason = "only Linux has a priority for each thread")
class ThreadPrioritiesTest {
  @Test
  void lower_hasAProcessGiveWay() throws IOException, InterruptedException {
    // Ends when its standard input does.
    Process started = new ProcessBuilder("cat").start();
    try {
      int before = niceness(started.pid());
      ThreadPriorities.lower(started);
      assertThat(niceness(started.pid())).isEqualTo(Math.max(before, 10));
    } finally {
      started.destroy();
      started.waitFor();
    }
  }

  /** The 19th word of what the kernel says, of which the second may hold blanks. */
  private static int niceness(long process) throws IOException {
    String line = Files.readString(Path.of("/proc/" + process + "/stat"));
    return Integer.parseInt(line.substring(line.lastIndexOf(')') + 2).split(" ", -1)[16]);
  }
}
