package io.onnxfleet.benchmarks.chaos;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.bar.BarTable;
import io.onnxfleet.benchmarks.chaos.jobs.JobScenarios;
import io.onnxfleet.benchmarks.chaos.jobs.Postgresql;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.JobSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code chaos}: harms fleets of its own, and judges what their callers notice. */
@Command(
    name = "chaos",
    description =
        "Starts fleets on free ports, does them harm under load, and says what callers notice.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit code:%n",
    exitCodeList = {"0: all bars are met", "1: one is missed", "2: wrong usage"})
public final class ChaosCommand implements Callable<Integer> {

  /** Stands for all of its kind. */
  private static final String JOBS = "jobs";

  private static final List<Scenario> SCENARIOS = scenarios();

  @Spec private @Nullable CommandSpec spec;

  @Parameters(
      paramLabel = "SCENARIO",
      arity = "0..*",
      completionCandidates = Names.class,
      description = "${COMPLETION-CANDIDATES}, or all of the last kind: jobs. Default: all.")
  private List<String> names = new ArrayList<>();

  @Option(names = "--root", required = true, hidden = true)
  private Path root = Path.of("");

  @Option(
      names = "--logs",
      paramLabel = "FOLDER",
      description = "For what the processes print. Default: .fleet/chaos of the repository.")
  private @Nullable Path logs;

  @Option(
      names = "--load",
      paramLabel = "SHARE",
      description =
          "Of what the fleet can do; scenarios in which processes start take less."
              + " Default: ${DEFAULT-VALUE}.")
  private double load = 0.7;

  @Option(
      names = "--warm-up",
      paramLabel = "S",
      description = "Seconds at full load before each scenario. Default: ${DEFAULT-VALUE}.")
  private int warmUp = 30;

  @Option(
      names = "--registry-down",
      paramLabel = "S",
      description = "Seconds. Default: ${DEFAULT-VALUE}.")
  private int registryDown = 180;

  @Option(
      names = "--overload",
      paramLabel = "S",
      description = "Seconds. Default: ${DEFAULT-VALUE}.")
  private int overload = 60;

  @Option(
      names = "--requests",
      paramLabel = "N",
      description = "While a replica is killed. Default: ${DEFAULT-VALUE}.")
  private int requests = 10_000;

  @Option(names = "--slow-clients", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
  private int slowClients = 1000;

  @Option(
      names = "--hostile-models",
      paramLabel = "FOLDER",
      description = "Of model files that hostile-models puts into a replica's folder too.")
  private @Nullable Path hostileModels;

  @Option(
      names = "--damaged-models",
      paramLabel = "N",
      description = "Made by hostile-models. Default: ${DEFAULT-VALUE}.")
  private int damagedModels = 1000;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of the damage and of kills. Default: ${DEFAULT-VALUE}.")
  private long seed = 1;

  @Option(
      names = "--job-lines",
      paramLabel = "N",
      description =
          "Of the batches in which processes are killed; one of MiniLM has three for a hundred of"
              + " these. Default: ${DEFAULT-VALUE}.")
  private int jobLines = 100_000;

  @Option(
      names = "--job-kills",
      paramLabel = "N",
      description = "Of each kind of process in a batch. Default: ${DEFAULT-VALUE}.")
  private int jobKills = 5;

  @Option(
      names = "--accepted",
      paramLabel = "N",
      description = "Kills right after a job was accepted. Default: ${DEFAULT-VALUE}.")
  private int accepted = 200;

  @Option(
      names = "--job-file",
      paramLabel = "BYTES",
      description = "Size of the large file. Default: ${DEFAULT-VALUE}.")
  private long jobFile = 2_000_000_000L;

  @Option(
      names = "--postgresql",
      paramLabel = "FOLDER",
      description =
          "Where initdb, postgres and pgbench are. Default: where Debian puts the newest.")
  private Path postgresql = Postgresql.installed();

  /** What the help lists. */
  static final class Names extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    Names() {
      super(SCENARIOS.stream().map(Scenario::scenario).toList());
    }
  }

  private static List<Scenario> scenarios() {
    List<Scenario> scenarios = new ArrayList<>(List.of(Disturbance.values()));
    scenarios.addAll(
        List.of(
            new SlowReplica(),
            new Pause(),
            new Join(),
            new Overload(),
            new SlowClients(),
            new VersionChanges(),
            new HostileModels(),
            FamilyStep.embeddings(),
            FamilyStep.rerank()));
    scenarios.addAll(JobScenarios.all());
    return List.copyOf(scenarios);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    CommandSpec injected = spec;
    if (injected == null) {
      throw new IllegalStateException("run by picocli only");
    }
    PrintWriter out = injected.commandLine().getOut();
    List<Scenario> chosen = chosen(injected);
    ChaosSettings settings =
        new ChaosSettings(
            load,
            Duration.ofSeconds(warmUp),
            Duration.ofSeconds(registryDown),
            Duration.ofSeconds(overload),
            requests,
            slowClients,
            hostileModels,
            damagedModels,
            seed,
            new JobSettings(jobLines, jobKills, accepted, jobFile, postgresql),
            out);
    Path folder = logs == null ? root.resolve(".fleet/chaos") : logs;
    BarTable table = new BarTable();
    for (Scenario scenario : chosen) {
      out.println(scenario.scenario());
      out.flush();
      try (ChaosFleet fleet = new ChaosFleet(root, folder.resolve(scenario.scenario()))) {
        table.add(scenario.scenario(), scenario.run(fleet, settings));
      } catch (IOException | IllegalStateException broken) {
        table.add(
            scenario.scenario(),
            List.of(
                new Bar("the scenario ran", "yes", String.valueOf(broken.getMessage()), false)));
      }
    }
    out.println();
    out.print(table.text());
    out.flush();
    return table.isMissed() ? 1 : 0;
  }

  private List<Scenario> chosen(CommandSpec injected) {
    if (names.isEmpty()) {
      return SCENARIOS;
    }
    List<Scenario> chosen = new ArrayList<>();
    for (String name : names) {
      List<Scenario> meant =
          SCENARIOS.stream()
              .filter(
                  scenario ->
                      scenario.scenario().equals(name)
                          || (name.equals(JOBS) && scenario.scenario().startsWith(JOBS + "-")))
              .toList();
      if (meant.isEmpty()) {
        throw new ParameterException(
            injected.commandLine(),
            "scenario: '%s' (expected one of: %s, %s)"
                .formatted(
                    name,
                    JOBS,
                    String.join(", ", SCENARIOS.stream().map(Scenario::scenario).toList())));
      }
      chosen.addAll(meant);
    }
    return chosen;
  }
}
