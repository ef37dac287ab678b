package io.onnxfleet.launcher.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.launcher.process.Mark;
import io.onnxfleet.launcher.process.MarkedProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFilesTest {
  @TempDir private Path root;

  private FleetFolder folder;
  private RunFiles run;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = new FleetFolder(root);
    run = new RunFiles(folder);
  }

  @Test
  void services_comeInStartingOrder_andNothingElse() throws IOException {
    assertThat(run.services()).isEmpty();
    Files.createDirectories(folder.run());
    for (String name :
        new String[] {
          "replica-18081",
          "replica-9081",
          "job-service",
          "gateway-service",
          "discovery-server",
          "supervisor",
          "authorization",
          "restarts",
          "replica-8081.new"
        }) {
      Files.writeString(folder.run().resolve(name), "1 2\n");
    }
    assertThat(run.services())
        .containsExactly(
            Service.REGISTRY,
            Service.GATEWAY,
            Service.JOBS,
            Service.replica(9081),
            Service.replica(18081));
    run.removeAll();
    assertThat(run.services()).isEmpty();
  }

  @Test
  void entry_isReadAsItWasWritten_andNone_ifDamaged() throws IOException {
    Files.createDirectories(folder.run());
    run.write(Service.GATEWAY, 4711, 8080);
    assertThat(folder.run().resolve("gateway-service")).hasContent("4711 8080");
    assertThat(run.entry("gateway-service")).contains(new RunFiles.Entry(4711, 8080));
    Files.writeString(folder.run().resolve("gateway-service"), "");
    assertThat(run.entry("gateway-service")).isEmpty();
    assertThat(run.entry("discovery-server")).isEmpty();
  }

  @Test
  void process_isNotTrusted_whenItsIdIsAnothers() throws IOException {
    Files.createDirectories(folder.run());
    run.write(Service.GATEWAY, ProcessHandle.current().pid(), 8080);
    MarkedProcess process = run.process("gateway-service").orElseThrow();
    assertThat(process.mark())
        .isEqualTo(new Mark("-Donnxfleet.process=" + folder.run().resolve("gateway-service")));
    assertThat(process.isAlive()).isFalse();
    process.terminate();
  }

  @Test
  void restarts_areCounted_andToldByTheLastDeath() throws IOException {
    Files.createDirectories(folder.run());
    Restarts restarts = new Restarts(folder);
    assertThat(restarts.read()).isEmpty();
    restarts.add(Service.replica(8082), "of this");
    restarts.add(Service.GATEWAY, "of that");
    restarts.add(Service.replica(8082), "of that: and so on");
    assertThat(restarts.read())
        .containsExactly(
            Map.entry(Service.GATEWAY, new Restarts.Restarted(1, "of that")),
            Map.entry(Service.replica(8082), new Restarts.Restarted(2, "of that: and so on")));
    assertThat(run.services()).isEmpty();
  }
}
