package io.onnxfleet.jobs;

import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;
import org.springframework.util.FileSystemUtils;

/** What tests of the real process have: a gateway that it asks, and a folder of their own. */
abstract class RealJobService {
  static final String ROOM = "--fleet.jobs.min-free-space=";

  /** How often a test kills it, each time at another place; a release is held to 10. */
  static final int ROUNDS = Integer.getInteger("fleet.kills", 2);

  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));

  FleetProcesses processes;
  FakeGateway gateway;
  Path folder;
  Path directory;
  private @Nullable EmbeddedPostgres postgres;

  @BeforeEach
  void makeFolder(TestInfo test) throws IOException {
    gateway = new FakeGateway();
    folder =
        Path.of("target", getClass().getSimpleName(), test.getTestMethod().orElseThrow().getName())
            .toAbsolutePath();
    FileSystemUtils.deleteRecursively(folder);
    directory = folder.resolve("store");
    processes = new FleetProcesses(ROOT, folder.resolve("logs")).startingSoon();
  }

  @AfterEach
  void endProcesses() throws IOException {
    processes.close();
    gateway.close();
    if (postgres != null) {
      postgres.close();
    }
  }

  Running startJobs(String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.add("--eureka.client.enabled=false");
    all.add("--db-scheduler.polling-interval=100ms");
    all.add("--fleet.jobs.gateway=" + gateway.base());
    if (all.stream().noneMatch(argument -> argument.startsWith(ROOM))) {
      all.add(ROOM + "1MB");
    }
    Running jobs = processes.startJobs("jobs", directory, all.toArray(String[]::new));
    processes.awaitOk(jobs, "/readyz");
    return jobs;
  }

  /** Has it keep everything there, and take for dead whoever is silent for two seconds. */
  String[] onPostgreSql() throws IOException {
    EmbeddedPostgres started = EmbeddedPostgres.builder().start();
    postgres = started;
    return new String[] {
      "--spring.datasource.url=" + started.getJdbcUrl("postgres", "postgres"),
      "--db-scheduler.heartbeat-interval=500ms",
      "--db-scheduler.missed-heartbeats-limit=4"
    };
  }

  /** After an end as a crash would be. */
  Running again(Running jobs) throws IOException, InterruptedException {
    jobs.kill();
    Running next = processes.startAgain(jobs);
    processes.awaitOk(next, "/readyz");
    return next;
  }

  static JobCalls of(Running jobs) {
    return new JobCalls(jobs.base(), null);
  }
}
