package io.onnxfleet.launcher.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MarkTest {

  private static final Mark MARK = Mark.of(Path.of("/run/replica-1"));

  @Test
  void mark_isSeen_whileAProcessExecutesAnotherProgram() throws Exception {
    List<String> command =
        List.of("/bin/sh", "-c", "exec /bin/sh -c 'read line' \"$0\"", MARK.option());
    for (int round = 0; round < 100; round++) {
      Process process = new ProcessBuilder(command).start();
      try {
        for (int look = 0; look < 100; look++) {
          assertThat(MARK.isBorneBy(process.pid())).as("round %d, look %d", round, look).isTrue();
        }
      } finally {
        process.destroyForcibly().waitFor();
      }
      assertThat(MARK.isBorneBy(process.pid())).isFalse();
    }
  }

  @Test
  void mark_ofAnother_isNone() {
    assertThat(MARK.isBorneBy(ProcessHandle.current().pid())).isFalse();
  }
}
