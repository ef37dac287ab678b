package io.onnxfleet.launcher.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.launcher.process.Mark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutLaunchesTest {
  private static final String SECRET = "--fleet.secret-file=";

  @TempDir private Path root;

  private FleetFolder folder;

  @BeforeEach
  void layOut() throws IOException {
    folder = new FleetFolder(root);
    Files.createDirectories(folder.run());
    for (Service service :
        List.of(Service.REGISTRY, Service.GATEWAY, Service.JOBS, Service.replica(8081))) {
      Path layout = Files.createDirectories(root.resolve(service.module() + "/target/layout"));
      Files.writeString(layout.resolve("application.args"), "");
    }
  }

  private List<String> command(Service service, Map<String, String> variables) throws IOException {
    FleetEnvironment environment = FleetEnvironment.of(variables, folder, root);
    return command(service, environment, FleetSettings.ofDefaults(folder, environment));
  }

  private List<String> command(
      Service service, FleetEnvironment environment, FleetSettings settings) throws IOException {
    return new LayoutLaunches(folder, environment)
        .of(
            service,
            1,
            settings,
            Mark.of(folder.run().resolve(service.name())),
            root.resolve("out"))
        .command();
  }

  private boolean hasSecret(Service service, Map<String, String> variables) throws IOException {
    return command(service, variables).contains(SECRET + folder.secret());
  }

  @Test
  void jobs_lieInTheFleetsFolder() throws IOException {
    assertThat(command(Service.JOBS, Map.of()))
        .contains("--fleet.jobs.directory=" + root.resolve(".fleet/jobs"))
        .anyMatch(argument -> argument.startsWith("--eureka.client.service-url.defaultZone="));
    assertThat(command(Service.GATEWAY, Map.of()))
        .noneMatch(argument -> argument.startsWith("--fleet.jobs."));
  }

  @Test
  void secret_isMadeOnce_forGatewayAndJobs_whereCallersHaveKeys() throws IOException {
    assertThat(hasSecret(Service.GATEWAY, Map.of())).isFalse();
    assertThat(folder.secret()).doesNotExist();

    Files.writeString(folder.keys(), "a key");
    assertThat(hasSecret(Service.GATEWAY, Map.of())).isTrue();
    String secret = Files.readString(folder.secret());
    assertThat(secret).hasSizeGreaterThan(64);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.secret())))
        .isEqualTo("rw-------");
    assertThat(hasSecret(Service.JOBS, Map.of())).isTrue();
    assertThat(folder.secret()).hasContent(secret);
    assertThat(hasSecret(Service.REGISTRY, Map.of())).isFalse();
    assertThat(hasSecret(Service.replica(8081), Map.of())).isFalse();
    assertThat(hasSecret(Service.GATEWAY, Map.of("FLEET_SECRET", "of the environment"))).isFalse();
  }

  /** One that asked for keys while the job service knows of no secret would fail its batches. */
  @Test
  void gatewayThatIsStartedAgain_asksForKeys_onlyIfTheFleetWasStartedSo() throws IOException {
    FleetEnvironment environment = FleetEnvironment.of(Map.of(), folder, root);
    FleetSettings started = FleetSettings.ofDefaults(folder, environment);
    Files.writeString(folder.keys(), "a key");
    assertThat(command(Service.GATEWAY, environment, started))
        .noneMatch(argument -> argument.startsWith("--fleet.gateway.security.keys="))
        .noneMatch(argument -> argument.startsWith(SECRET));
    assertThat(command(Service.GATEWAY, Map.of()))
        .contains("--fleet.gateway.security.keys=" + folder.keys());
  }
}
