package io.onnxfleet.engine.loading.child;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.crash.CrashFolder;
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
  private static final TimeLimit LONG = TimeLimit.ofCpu(Duration.ofSeconds(60));
  private static final CrashFolder REPORTS = CrashFolder.ofThisProcess();

  private static ChildProcesses shell(String script) {
    return new ChildProcesses(List.of("sh", "-c", script), 3, REPORTS, "test");
  }

  @Test
  void ask_asksTheSameChild_untilItHasAnsweredEnough() throws IOException, InterruptedException {
    try (ChildProcesses children = shell("while read line; do echo noise; echo answer: $$; done")) {
      Outcome first = children.ask("a", LONG);
      assertThat(children.ask("b", LONG)).isEqualTo(first);
      assertThat(children.ask("c", LONG)).isEqualTo(first);
      assertThat(children.ask("d", LONG)).isInstanceOf(Outcome.Answer.class).isNotEqualTo(first);
    }
  }

  @Test
  void ask_asksTheSameChildren_whenTwoAreAskedAtOnceAgain(@TempDir Path folder) {
    String meet =
        "while read mine other; do : > $mine; until [ -e $other ]; do :; done; echo answer: $$; done";
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
  void ask_tellsTheSignal_whenTheChildDies() throws IOException, InterruptedException {
    try (ChildProcesses children = shell("read line; kill -KILL $$")) {
      Outcome.Died died = new Outcome.Died(137, "", null);
      assertThat(children.ask("a", LONG)).isEqualTo(died);
      assertThat(children.ask("b", LONG)).isEqualTo(died);
      assertThat(died.describe())
          .isEqualTo("exit code 137, SIGKILL (out of memory, or killed by hand)");
    }
  }

  @Test
  void ask_tellsTheLastWords_whenTheChildGivesUp() throws IOException, InterruptedException {
    String script = "read line; seq 100000 >&2; echo 'what(): std::bad_alloc' >&2; kill -ABRT $$";
    try (ChildProcesses children = shell(script)) {
      assertThat(children.ask("a", LONG))
          .isInstanceOfSatisfying(
              Outcome.Died.class,
              died ->
                  assertThat(died.describe())
                      .isEqualTo(
                          "exit code 134, SIGABRT (native code gave up); its last words: what():"
                              + " std::bad_alloc"));
    }
  }

  @Test
  void ask_endsTheChild_whenItDoesNotAnswer() throws IOException, InterruptedException {
    TimeLimit brief = new TimeLimit(Duration.ofMillis(50), Duration.ofMillis(300));
    try (ChildProcesses children = shell("exec sleep 600")) {
      assertThat(children.ask("a", brief))
          .isInstanceOfSatisfying(
              Outcome.TimedOut.class,
              late -> assertThat(late.describe()).startsWith("took 0 s, of which it had a CPU"));
    }
  }

  @Test
  void ask_countsWhatTheChildWorks_notWhatItWaits() throws IOException, InterruptedException {
    TimeLimit limit = new TimeLimit(Duration.ofMillis(300), Duration.ofSeconds(60));
    try (ChildProcesses waiting = shell("read line; sleep 1; echo answer: done")) {
      assertThat(waiting.ask("a", limit)).isEqualTo(new Outcome.Answer("done"));
    }
    try (ChildProcesses working = shell("read line; while :; do :; done")) {
      assertThat(working.ask("a", limit))
          .isInstanceOfSatisfying(
              Outcome.TimedOut.class,
              late ->
                  assertThat(late.describe())
                      .matches("used \\d+ ms of CPU time \\(expected: <= 300 ms\\)"));
    }
  }
}
