package io.onnxfleet.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.launcher.fleet.FleetFolder;
import io.onnxfleet.launcher.process.Ports;
import io.onnxfleet.launcher.process.Time;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes, a real supervisor among them, of which each is a {@link StandIn}. */
class LauncherIT {
  private static final Duration LONG = Duration.ofMinutes(2);

  @TempDir private Path temporary;

  private final Map<String, String> variables = new HashMap<>();
  private Path root;
  private int registryPort;
  private int replicaPort;
  private int gatewayPort;
  private int jobsPort;

  /** What a command answered. */
  private record Said(int code, String out, String err) {}

  @BeforeEach
  void layOut() throws Exception {
    root = temporary.toRealPath();
    String standIn = place(StandIn.class);
    for (String module :
        List.of("discovery-server", "gateway-service", "inference-service", "job-service")) {
      layOut(module, standIn, StandIn.class);
    }
    layOut(
        "launcher",
        place(Launcher.class) + File.pathSeparator + place(ApiCall.class),
        Launcher.class);
    registryPort = Ports.free();
    gatewayPort = Ports.free();
    jobsPort = Ports.free();
    do {
      replicaPort = Ports.free();
    } while (replicaPort > 65_000
        || Ports.isTaken(replicaPort + 1)
        || List.of(registryPort, gatewayPort, jobsPort).contains(replicaPort + 1));
    variables.put("FLEET_DISCOVERY_PORT", Integer.toString(registryPort));
    variables.put("FLEET_JOB_SERVICE_PORT", Integer.toString(jobsPort));
    variables.put("FLEET_REPLICA_PORT", Integer.toString(replicaPort));
    variables.put("FLEET_AOT_CACHE", "no");
  }

  @AfterEach
  void endAll() throws Exception {
    fleet("down");
  }

  private static String place(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }

  private void layOut(String module, String classPath, Class<?> main) throws IOException {
    Path layout = Files.createDirectories(root.resolve(module).resolve("target/layout"));
    Files.writeString(layout.resolve("jvm.args"), "-XX:TieredStopAtLevel=1\n-XX:+UseSerialGC\n");
    Files.writeString(
        layout.resolve("application.args"),
        "-classpath\n\"%s\"\n%s\n".formatted(classPath, main.getName()));
  }

  private Said fleet(String... arguments) throws InterruptedException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8));
    int code =
        new Launcher(new FleetFolder(root), root, variables, console, Time.SYSTEM)
            .execute(List.of(arguments));
    return new Said(code, out.toString(UTF_8), err.toString(UTF_8));
  }

  private Said up(String... options) throws InterruptedException {
    List<String> all = new ArrayList<>(List.of("up", "--port", Integer.toString(gatewayPort)));
    all.addAll(List.of(options));
    return fleet(all.toArray(String[]::new));
  }

  private ProcessHandle process(String name) throws IOException {
    String file = Files.readString(root.resolve(".fleet/run").resolve(name));
    return ProcessHandle.of(Long.parseLong(file.strip().split(" ", -1)[0])).orElseThrow();
  }

  private List<ProcessHandle> all() throws IOException {
    List<ProcessHandle> processes = new ArrayList<>();
    for (String name : Objects.requireNonNull(root.resolve(".fleet/run").toFile().list())) {
      if (!name.equals("restarts")) {
        processes.add(process(name));
      }
    }
    return processes;
  }

  private static void killAndAwait(ProcessHandle process) {
    process.destroyForcibly();
    process.onExit().join();
  }

  @Test
  void killedReplicaAndRegistry_areStartedAgain_untilTheFleetIsDown() throws Exception {
    Said up = up();
    assertThat(up.code()).as("%s", up).isZero();
    assertThat(up.out())
        .contains("discovery-server is ready", "waiting for the gateway and 2 replicas")
        .contains("the fleet serves after ");
    assertThat(all()).hasSize(6);
    assertThat(fleet("status").out()).containsPattern("job-service .* " + jobsPort + "  ready");
    assertThat(fleet("jobs", "list").err()).contains("expected: a gateway of the fleet");
    String second = "replica-" + (replicaPort + 1);

    killAndAwait(process(second));
    await().atMost(LONG).until(() -> fleet("status").out().contains(" was restarted 1 time"));
    await().atMost(LONG).until(() -> fleet("status").code() == 0);
    assertThat(fleet("status").out())
        .contains(
            second
                + " was restarted 1 time, last because it died: without a word, as by kill -9 or"
                + " for lack of memory; its log ends: the stand-in listens");

    Said scaled = fleet("scale", "1");
    assertThat(scaled.code()).as("%s", scaled).isZero();
    killAndAwait(process("job-service"));
    await().atMost(LONG).until(() -> fleet("status").out().contains("job-service was restarted 1"));
    killAndAwait(process("discovery-server"));
    await()
        .atMost(LONG)
        .until(() -> fleet("status").out().contains("discovery-server was restarted 1 time"));
    await().atMost(LONG).until(() -> fleet("status").code() == 0);
    assertThat(root.resolve(".fleet/run").resolve(second)).doesNotExist();
    assertThat(Files.readAllLines(root.resolve(".fleet/logs/supervisor.log")))
        .hasSize(6)
        .first()
        .asString()
        .contains(second, "died: without a word", "it is started again in 1 s");

    killAndAwait(process("supervisor"));
    assertThat(fleet("status").err()).contains("./fleet up starts the supervisor again");
    assertThat(up().out()).contains("the fleet is already up");
    assertThat(fleet("status").err()).isEmpty();

    List<ProcessHandle> processes = all();
    assertThat(processes).hasSize(5).allMatch(ProcessHandle::isAlive);
    assertThat(fleet("down")).isEqualTo(new Said(0, "the fleet is down\n", ""));
    await().atMost(LONG).until(() -> processes.stream().noneMatch(ProcessHandle::isAlive));
    assertThat(fleet("status")).isEqualTo(new Said(1, "the fleet is not running\n", ""));
  }

  @Test
  void deadReplica_staysDeadAndIsNamed_withoutRestarts() throws Exception {
    Said up = up("--replicas", "1", "--no-restart", "--no-jobs");
    assertThat(up.code()).as("%s", up).isZero();
    assertThat(all()).hasSize(3);
    assertThat(Ports.isTaken(jobsPort)).isFalse();
    killAndAwait(process("replica-" + replicaPort));

    Said status = fleet("status");
    assertThat(status.code()).isEqualTo(1);
    assertThat(status.out()).containsPattern("replica-" + replicaPort + " .*  dead");
    assertThat(status.err())
        .isEqualTo(
            "fleet: replica-%1$d died: without a word, as by kill -9 or for lack of memory; its log"
                    .formatted(replicaPort)
                + " ends: the stand-in listens (log: .fleet/logs/replica-%1$d.log)\n"
                    .formatted(replicaPort));
    assertThat(up().code()).as("starts what does not run").isZero();
    assertThat(fleet("status").code()).isZero();
  }

  @Test
  void deadJobService_keepsNoReplicaFromComing() throws Exception {
    Said up = up("--replicas", "1", "--no-restart");
    assertThat(up.code()).as("%s", up).isZero();
    killAndAwait(process("job-service"));

    Said scaled = fleet("scale", "2");

    assertThat(scaled.out())
        .as("%s", scaled)
        .containsPattern("job-service .*  dead")
        .containsPattern("replica-" + (replicaPort + 1) + " .*  ready");
    assertThat(process("replica-" + (replicaPort + 1)).isAlive()).isTrue();
  }

  @Test
  void up_endsWhatItStarted_whenAProcessDies_orNothingIsReady() throws Exception {
    variables.put("FLEET_JAVA_OPTIONS", "-XX:NoSuchOption");
    Said died = up("--replicas", "1");
    assertThat(died.code()).isEqualTo(1);
    assertThat(died.err())
        .startsWith("fleet: discovery-server died: Unrecognized VM option 'NoSuchOption'");

    variables.put("FLEET_JAVA_OPTIONS", "-Dstandin.ready=no");
    variables.put("FLEET_START_TIMEOUT", "1");
    assertThat(up("--replicas", "1").err())
        .isEqualTo("fleet: discovery-server is ready: not so after 1 s (see ./fleet logs)\n");
    assertThat(root.resolve(".fleet/settings")).doesNotExist();
    assertThat(Ports.isTaken(registryPort)).isFalse();
  }

  @Test
  void up_endsWhatItStarted_whenItIsTold() throws Exception {
    ProcessBuilder start =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Donnxfleet.root=" + root,
            "@application.args",
            "up",
            "--port",
            Integer.toString(gatewayPort));
    start.directory(root.resolve("launcher/target/layout").toFile());
    start.environment().putAll(variables);
    start.environment().put("FLEET_JAVA_OPTIONS", "-Dstandin.ready=no");
    Path said = root.resolve("said");
    Process up = start.redirectErrorStream(true).redirectOutput(said.toFile()).start();
    await().atMost(LONG).until(() -> Ports.isTaken(registryPort));
    ProcessHandle registry = process("discovery-server");
    assertThat(fleet("down").err())
        .isEqualTo("fleet: another ./fleet (pid " + up.pid() + ") is at work here\n");

    up.destroy();

    assertThat(up.waitFor()).isEqualTo(143);
    assertThat(registry.isAlive()).isFalse();
    assertThat(root.resolve(".fleet/lock")).doesNotExist();
    assertThat(said).isEmptyFile();
  }

  @Test
  void services_goOn_whenTheTerminalIsInterruptedOrClosed() throws Exception {
    assertThat(up("--replicas", "1").code()).isZero();
    ProcessHandle replica = process("replica-" + replicaPort);
    for (String signal : List.of("-INT", "-HUP")) {
      new ProcessBuilder("kill", signal, Long.toString(replica.pid())).start().waitFor();
    }
    assertThat(fleet("scale", "1").code()).isZero();
    assertThat(replica.isAlive()).isTrue();
  }
}
