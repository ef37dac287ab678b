package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * A PostgreSQL of its own on a free port, with a new and empty cluster. It wants not to be root: as
 * root it runs in a namespace in which it is nobody.
 *
 * @param programs the folder of {@code initdb}, {@code postgres} and {@code pgbench}
 * @param server what runs; who kills it starts it again with {@link FleetProcesses#startAgain}
 */
public record Postgresql(Path programs, Running server) {
  private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
  private static final String USER = "postgres";
  private static final String TRUST = "--auth=trust";

  /** Where Debian puts the newest version's programs; a folder that is not there if it has none. */
  public static Path installed() {
    File[] versions = DEBIAN.toFile().listFiles();
    return versions == null
        ? DEBIAN
        : Arrays.stream(versions)
            .max(Comparator.comparing(File::getName))
            .map(version -> version.toPath().resolve("bin"))
            .orElse(DEBIAN);
  }

  /**
   * Makes the cluster, and waits until it answers.
   *
   * @throws IOException if the programs are not there
   */
  static Postgresql start(ChaosFleet fleet, Path programs)
      throws IOException, InterruptedException {
    if (!Files.isExecutable(programs.resolve("initdb"))) {
      throw new IOException(
          "no initdb in %s (expected: PostgreSQL's programs, which --postgresql names)"
              .formatted(programs));
    }
    Path folder = fleet.logs().toAbsolutePath().resolve("postgresql");
    Folders.delete(folder);
    Files.createDirectory(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path data = folder.resolve("data");
    List<String> initialize =
        command(programs, "initdb", "-D", data.toString(), "-U", USER, TRUST, "--encoding=UTF8");
    run(folder, initialize);
    int port = FleetProcesses.freePort();
    List<String> serve =
        command(
            programs,
            "postgres",
            "-D",
            data.toString(),
            "-p",
            Integer.toString(port),
            "-k",
            folder.toString(),
            "-c",
            "listen_addresses=" + FleetProcesses.HOST);
    Postgresql started = new Postgresql(programs, fleet.startOther("postgresql", port, serve));
    fleet.await("PostgreSQL answers", started::answers);
    return started;
  }

  private static List<String> command(Path programs, String program, String... arguments) {
    List<String> command = new ArrayList<>();
    if (System.getProperty("user.name").equals("root")) {
      command.addAll(List.of("unshare", "-U"));
    }
    command.add(programs.resolve(program).toString());
    command.addAll(List.of(arguments));
    return command;
  }

  private boolean answers() throws InterruptedException {
    if (!server.process().isAlive()) {
      throw new IllegalStateException("PostgreSQL ended, see " + server.log());
    }
    try {
      return new ProcessBuilder(client("pg_isready", "-q")).start().waitFor() == 0;
    } catch (IOException absent) {
      throw new IllegalStateException(absent);
    }
  }

  /**
   * Runs one of its clients to its end, with arguments beside those that say where the server is.
   *
   * @param folder in which it runs, and which has what it prints
   */
  void run(Path folder, String program, String... arguments)
      throws IOException, InterruptedException {
    run(folder, client(program, arguments));
  }

  private static void run(Path folder, List<String> command)
      throws IOException, InterruptedException {
    Path log = folder.resolve("output.txt");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    if (process.waitFor() != 0) {
      throw new IOException(
          "%s: exit code %d, see %s".formatted(command, process.exitValue(), log));
    }
  }

  private List<String> client(String program, String... arguments) {
    List<String> command = new ArrayList<>(List.of(programs.resolve(program).toString()));
    command.addAll(
        List.of("-h", FleetProcesses.HOST, "-p", Integer.toString(server.port()), "-U", USER));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Arguments of a job service that keeps its state here. */
  List<String> arguments() {
    return List.of(
        "--spring.datasource.url=jdbc:postgresql://%s:%d/%s"
            .formatted(FleetProcesses.HOST, server.port(), USER),
        "--spring.datasource.username=" + USER,
        "--spring.datasource.password=");
  }
}
