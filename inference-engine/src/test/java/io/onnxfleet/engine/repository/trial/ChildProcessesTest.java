package io.onnxfleet.engine.repository.trial;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
  void ask_asksTheSameChildren_whenTwoAreAskedAtOnceAgain(@TempDir Path folder) {
    String meet =
        "while read mine other; do : > $mine; until [ -e $other ]; do :; done; echo $$; done";
    try (ChildProcesses children = shell("cd " + folder + "; " + meet)) {
      Set<Outcome> first = askAtOnce(children, "a b", "b a");
      assertThat(first).hasSize(2);
      assertThat(askAtOnce(children, "c d", "d c")).isEqualTo(first);
    }
  }

  private static Set<Outcome> askAtOnce(ChildProcesses children, String... lines) {
    return Arrays.stream(lines)
        .map(
            line ->
                CompletableFuture.supplyAsync(
                    () -> ask(children, line), Thread::startVirtualThread))
        .toList()
        .stream()
        .map(CompletableFuture::join)
        .collect(Collectors.toSet());
  }

  private static Outcome ask(ChildProcesses children, String line) {
    try {
      return children.ask(line, LONG);
    } catch (IOException | InterruptedException failure) {
      throw new AssertionError(failure);
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
