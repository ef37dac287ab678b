package io.onnxfleet.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.launcher.fleet.FleetSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UpOptionsTest {
  private static final FleetSettings RUNNING =
      new FleetSettings(8080, 8761, 8081, 8079, 2, Path.of("/models"), false, false, true);

  @TempDir private Path directory;

  private UpOptions options(String... arguments) throws IOException {
    return UpOptions.of(List.of(arguments), directory);
  }

  @Test
  void options_areRead_andStandOverDefaults() throws IOException {
    Path models = Files.createDirectory(directory.resolve("own")).toRealPath();
    FleetSettings settings =
        options("--replicas", "3", "--models", "own", "--port", "9", "--tls", "--no-restart")
            .over(RUNNING);
    assertThat(settings)
        .isEqualTo(new FleetSettings(9, 8761, 8081, 8079, 3, models, true, false, false));
    assertThat(options("--no-jobs").over(RUNNING).hasJobs()).isFalse();
    assertThat(UpOptions.NONE.over(RUNNING)).isEqualTo(RUNNING);
    assertThat(options().over(RUNNING.withRestarts(false)).restarts()).isFalse();
  }

  @Test
  void options_thatAreWrong_areRefusedWithWhatIsExpected() {
    assertThatThrownBy(() -> options("--replica", "3"))
        .hasMessage(
            "up: unknown option '--replica' (expected: --replicas N, --models DIR, --port P, --tls,"
                + " --no-restart, --no-jobs)");
    assertThatThrownBy(() -> options("--port")).hasMessage("--port needs a value");
    assertThatThrownBy(() -> options("--replicas", "two"))
        .hasMessage("--replicas: 'two' (expected: a whole number, at least 1)");
    assertThatThrownBy(() -> options("--replicas", "0"))
        .hasMessage("--replicas: 0 (expected: at least 1)");
    assertThatThrownBy(() -> options("--models", "none"))
        .hasMessage("--models: 'none' (expected: a folder)");
  }

  @Test
  void options_thatARunningFleetHasNot_areRefused() throws IOException {
    options("--replicas", "2", "--port", "8080").requireSame(RUNNING);
    options("--no-restart").requireSame(RUNNING);
    assertThatThrownBy(() -> options("--replicas", "3").requireSame(RUNNING))
        .hasMessage("the fleet is up with 2 replicas; ./fleet scale 3 changes that");
    assertThatThrownBy(() -> options("--port", "9").requireSame(RUNNING))
        .hasMessage("the fleet is up on port 8080; ./fleet down first to move it to 9");
    assertThatThrownBy(() -> options("--no-jobs").requireSame(RUNNING))
        .hasMessage("the fleet is up with a job service; ./fleet down first to start it without");
    options("--no-jobs").requireSame(options("--no-jobs").over(RUNNING));
    assertThatThrownBy(() -> options("--tls").requireSame(RUNNING))
        .hasMessageStartingWith("the fleet is up without certificates");
    assertThatThrownBy(() -> options("--models", ".").requireSame(RUNNING))
        .hasMessageStartingWith("the fleet is up with models from /models;");
  }
}
