package io.onnxfleet.engine.repository.trial;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChildProcessesTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  private static ChildProcesses shell(String script) {
    return new ChildProcesses(List.of("sh", "-c", script), 3);
  }

  @Test
  void ask_asksTheSameChild_untilItHasAnsweredEnough() throws IOException, InterruptedException {
    try (ChildProcesses children = shell("while read line; do echo $$; done")) {
      Outcome first = children.ask("a", LONG);
      assertThat(children.ask("b", LONG)).isEqualTo(first);
      assertThat(children.ask("c", LONG)).isEqualTo(first);
      assertThat(children.ask("d", LONG)).isInstanceOf(Outcome.Answer.class).isNotEqualTo(first);
    }
  }

  @Test
  void ask_tellsTheExitCode_whenTheChildDies() throws IOException, InterruptedException {
    try (ChildProcesses children = shell("read line; kill -SEGV $$")) {
      assertThat(children.ask("a", LONG)).isEqualTo(new Outcome.Died(139));
      assertThat(children.ask("b", LONG)).isEqualTo(new Outcome.Died(139));
    }
  }

  @Test
  void ask_endsTheChild_whenItDoesNotAnswer() throws IOException, InterruptedException {
    Duration brief = Duration.ofMillis(50);
    try (ChildProcesses children = shell("exec sleep 600")) {
      assertThat(children.ask("a", brief)).isEqualTo(new Outcome.TimedOut(brief));
    }
  }
}
