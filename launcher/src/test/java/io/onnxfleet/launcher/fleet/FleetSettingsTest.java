package io.onnxfleet.launcher.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetSettingsTest {
  @TempDir private Path root;

  private FleetFolder folder;
  private FleetEnvironment environment;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = new FleetFolder(root);
    environment = FleetEnvironment.of(Map.of(), folder, root);
    Files.createDirectories(folder.state());
  }

  private FleetSettings settings(int firstReplica) {
    return new FleetSettings(
        8080, 8761, firstReplica, 8079, 3, Path.of("/a model's = folder"), true, true, false);
  }

  @Test
  void settings_areReadAsTheyWereWritten() throws IOException {
    settings(8081).write(folder);
    assertThat(FleetSettings.read(folder, environment)).contains(settings(8081));
    FleetSettings withoutJobs =
        new FleetSettings(8080, 8761, 8081, 0, 3, Path.of("/models"), false, false, true);
    withoutJobs.write(folder);
    assertThat(FleetSettings.read(folder, environment)).contains(withoutJobs);
    FleetSettings defaults = FleetSettings.ofDefaults(folder, environment);
    defaults.write(folder);
    assertThat(FleetSettings.read(folder, environment)).contains(defaults);
  }

  @Test
  void settings_areNone_whereNoFleetWasStarted() throws IOException {
    assertThat(FleetSettings.read(folder, environment)).isEmpty();
  }

  @Test
  void settings_ofAnOlderLauncher_haveDefaults() throws IOException {
    Files.writeString(folder.settings(), "replicas=1\nunknown=5\ntls=\n");
    assertThat(FleetSettings.read(folder, environment))
        .contains(FleetSettings.ofDefaults(folder, environment).withReplicas(1));
  }

  @Test
  void settings_thatAreDamaged_areRefusedByName() throws IOException {
    Files.writeString(folder.settings(), "replicas=many\n");
    assertThatThrownBy(() -> FleetSettings.read(folder, environment))
        .hasMessage("replicas: 'many' (expected: a whole number, at least 1)");
  }

  @Test
  void replicaPorts_passOverThoseOfOthers() {
    assertThat(settings(8081).replicaPorts(3)).containsExactly(8081, 8082, 8083);
    assertThat(settings(8078).replicaPorts(3)).containsExactly(8078, 8081, 8082);
    assertThat(settings(8760).replicaPorts(2)).containsExactly(8760, 8762);
    assertThat(settings(8080).replicaPorts(1)).containsExactly(8081);
  }

  @Test
  void ports_thatAreNone_orTwoServices_areRefused() {
    settings(8081).requirePorts();
    FleetSettings same = new FleetSettings(8761, 8761, 8081, 0, 1, root, false, false, true);
    assertThatThrownBy(same::requirePorts)
        .hasMessage(
            "port 8761, which both discovery-server and gateway-service need (expected: a port"
                + " each)");
    FleetSettings large = new FleetSettings(8080, 8761, 8081, 65_536, 1, root, false, false, true);
    assertThatThrownBy(large::requirePorts)
        .hasMessage("port 65536, which job-service needs (expected: at most 65535)");
    assertThatThrownBy(settings(65_534)::requirePorts)
        .hasMessage("3 replicas (expected: at most 2, which have ports from 65534 to 65535)");
    assertThatThrownBy(() -> settings(8081).replicaPorts(Integer.MAX_VALUE))
        .hasMessageStartingWith("2147483647 replicas (expected: at most 57454, ");
  }

  /** A process that is started again later is one of the same fleet. */
  @Test
  void keys_areThoseOfTheStart_whatComesLaterCountsFromTheNextOn() throws IOException {
    FleetSettings.ofDefaults(folder, environment).write(folder);
    Files.writeString(folder.keys(), "a key");
    assertThat(FleetSettings.read(folder, environment).orElseThrow().keys()).isFalse();
    FleetSettings next = FleetSettings.ofDefaults(folder, environment);
    assertThat(next.keys()).isTrue();
    next.write(folder);
    assertThat(FleetSettings.read(folder, environment)).contains(next);
    assertThat(next.withReplicas(1).withRestarts(false).keys()).isTrue();
  }

  @Test
  void environment_hasDefaults_andSaysWhatItWantsInstead() {
    assertThat(environment.discoveryPort()).isEqualTo(8761);
    assertThat(environment.firstReplicaPort()).isEqualTo(8081);
    assertThat(environment.stopTimeout()).hasSeconds(60);
    assertThat(environment.keys()).isEqualTo(root.resolve(".fleet/keys"));
    assertThat(environment.restarts() && environment.usesAotCache()).isTrue();
    assertThat(environment.jobsPort()).isEqualTo(8079);
    assertThat(environment.hasSecret()).isFalse();
    assertThat(environment.apiKey()).isNull();
    assertThatThrownBy(() -> FleetEnvironment.of(Map.of("FLEET_REPLICA_PORT", "0"), folder, root))
        .hasMessage("FLEET_REPLICA_PORT: 0 (expected: at least 1)");
    assertThatThrownBy(() -> FleetEnvironment.of(Map.of("FLEET_STOP_TIMEOUT", "-1"), folder, root))
        .hasMessage("FLEET_STOP_TIMEOUT: '-1' (expected: a whole number, at least 1)");
  }

  @Test
  void environment_isRead() {
    FleetEnvironment read =
        FleetEnvironment.of(
            Map.of(
                "FLEET_JAVA_OPTIONS", " -Xmx1g  -Da=b ",
                "FLEET_KEYS", "own/keys",
                "FLEET_RESTART", "no",
                "FLEET_AOT_CACHE", "no",
                "FLEET_GATEWAY_ADMINISTRATION_TOKEN", "it"),
            folder,
            Path.of("/there"));
    assertThat(read.javaOptions()).containsExactly("-Xmx1g", "-Da=b");
    assertThat(read.keys()).isEqualTo(Path.of("/there/own/keys"));
    assertThat(read.restarts() || read.usesAotCache()).isFalse();
    assertThat(read.administrationToken()).isEqualTo("it");
    assertThat(read.hasSecret()).isFalse();
    for (Map<String, String> given :
        List.of(
            Map.of("FLEET_SECRET", "s"),
            Map.of("FLEET_SECRET_FILE", "f"),
            Map.of("FLEET_JAVA_OPTIONS", "-Da=b -Dfleet.secret-file=f"))) {
      assertThat(FleetEnvironment.of(given, folder, root).hasSecret()).as("%s", given).isTrue();
    }
  }
}
