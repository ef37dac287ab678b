package io.onnxfleet.engine.loading.child;

import io.onnxfleet.engine.crash.CrashFolder;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.loading.rows.RowProofs;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.notes.Evidence;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.ModelFiles;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.runtime.Processor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a model that was not seen before opened and run once in a process of its own, before it is
 * loaded in this one: what crashes native code, takes for ever or takes all memory costs no more
 * than that process.
 *
 * <p>Which models have passed is noted by their content, for later starts and other replicas; the
 * process leaves a model's optimised graph where they find it, so that a large model is not
 * prepared twice. What has passed is what is then loaded: both have the same content. Where no
 * process can be started, models are loaded untried, which the log says. Thread-safe.
 */
public final class TrialVersionLoader implements VersionLoader {
  private static final Logger log = LoggerFactory.getLogger(TrialVersionLoader.class);
  private static final String PASSED = "passed";
  private static final int MOST_QUESTIONS = 100;
  private static final String REPORT_KIND = "model-check";

  /** How long what ran out of time is left alone, doubled each time. */
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(15);

  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);
  private static final int MOST_DOUBLINGS = 6;

  /** Where ONNX Runtime's libraries lie: images keep none in their jars. */
  private static final List<String> HANDED_ON =
      List.of("onnxruntime.native.path", "onnxfleet.native-cache");

  /** What an optimisation may need beside the weights as they lie. */
  private static final int COPIES_OF_WEIGHTS = 3;

  private final VersionLoader loader;
  private final TrialOptions options;
  private final InstancePlan plan;
  private final ModelNotes passed;
  private final RowProofs proofs;
  private final KeptFiles kept;
  private final ChildProcesses children;
  private final Evidence evidence;
  private final AtomicBoolean startFailed = new AtomicBoolean();

  /** How often in a row each content ran out of time. */
  private final Map<String, Integer> timeouts = new ConcurrentHashMap<>();

  /**
   * A loader behind trials.
   *
   * @param plan what models run on
   * @param passed where it is noted what has passed
   * @param proofs where it is noted what was proven of what has passed
   * @param kept where the optimised graph and the copy that a model is opened from are put
   * @param evidence told of runs that ended a process
   */
  public TrialVersionLoader(
      VersionLoader loader,
      TrialOptions options,
      InstancePlan plan,
      ModelNotes passed,
      RowProofs proofs,
      KeptFiles kept,
      Evidence evidence) {
    this.evidence = evidence;
    this.loader = loader;
    this.options = options;
    this.plan = plan;
    this.passed = passed;
    this.proofs = proofs;
    this.kept = kept;
    CrashFolder reports = CrashFolder.ofThisProcess();
    this.children = new ChildProcesses(command(reports), MOST_QUESTIONS, reports, REPORT_KIND);
  }

  static List<String> command(CrashFolder reports) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:ActiveProcessorCount=1",
            // Its output is for answers; what it says when it crashes goes beside them.
            "-XX:+DisplayVMOutputToStderr",
            "-Xlog:disable",
            reports.option(REPORT_KIND),
            "-XX:ErrorLogTimeout=10",
            "-XX:-CreateCoredumpOnCrash",
            "--enable-native-access=ALL-UNNAMED",
            "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir")));
    for (String property : HANDED_ON) {
      String value = System.getProperty(property);
      if (value != null) {
        command.add("-D" + property + "=" + value);
      }
    }
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), ModelTrial.class.getName()));
    return command;
  }

  @Override
  public LoadedVersion load(ModelFolder folder, Version version, Consumer<String> progress) {
    if (version.problem() == null) {
      requirePassed(folder, version, progress);
      ContentDigest content = folder.contentOf(version);
      evidence.guard(
          version.modelFile(),
          new ChildRunGuard(children, run -> question(folder, version, content, run), evidence));
    }
    return loader.load(folder, version, progress);
  }

  @Override
  public @Nullable LoadedVersion rearrange(
      LoadedVersion loaded, ModelFolder folder, Version version) {
    return loader.rearrange(loaded, folder, version);
  }

  @Override
  public void closed(LoadedVersion loaded) {
    loader.closed(loaded);
  }

  private void requirePassed(ModelFolder folder, Version version, Consumer<String> progress) {
    ContentDigest content = folder.contentOf(version);
    String note = "model check 1 " + Processor.id();
    if (passed.read(content.version(), note).equals(Optional.of(PASSED)) && isProven(content)) {
      return;
    }
    progress.accept("being tried in a process of its own");
    String refusal;
    try {
      Outcome outcome =
          children.ask(
              question(folder, version, content, null).toJson(),
              TimeLimit.ofCpu(options.timeout()));
      if (outcome instanceof Outcome.TimedOut late) {
        throw outOfTime(content, late);
      }
      refusal = refusal(outcome, content);
    } catch (IOException failure) {
      if (startFailed.compareAndSet(false, true)) {
        log.warn("models are loaded untried: no process can be started", failure);
      }
      return;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      refusal = "interrupted";
    }
    if (refusal != null) {
      throw new InferenceException(ErrorCode.MODEL_LOAD_FAILED, refusal);
    }
    timeouts.remove(content.version());
    passed.write(content.version(), note, PASSED);
  }

  /** Says nothing for good against the model: the machine may have been busy. */
  private InferenceException outOfTime(ContentDigest content, Outcome.TimedOut late) {
    int before = timeouts.merge(content.version(), 1, Integer::sum) - 1;
    Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(before, MOST_DOUBLINGS));
    Duration shortest = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    return InferenceException.retryable(
        ErrorCode.MODEL_LOAD_FAILED,
        "to open it and run it once %s, trial.timeout; it is tried again in %d s"
            .formatted(late.describe(), shortest.toSeconds()),
        shortest);
  }

  private ModelTrial.Question question(
      ModelFolder folder, Version version, ContentDigest content, ModelTrial.@Nullable Run run) {
    return new ModelTrial.Question(
        folder.path().toString(),
        version.number(),
        content.version(),
        ModelTrial.Providers.of(plan.providers()),
        ModelTrial.Kept.of(kept),
        options.memoryBytes() + COPIES_OF_WEIGHTS * ModelFiles.byteSize(version),
        run);
  }

  /** True if something is known of its rows, for or against. */
  private boolean isProven(ContentDigest content) {
    return plan.providers().preferred().stream()
        .anyMatch(provider -> proofs.known(content, provider.label()).isPresent());
  }

  private @Nullable String refusal(Outcome outcome, ContentDigest content) {
    return switch (outcome) {
      case Outcome.Answer line -> {
        ModelTrial.Answer answer = ModelTrial.Answer.of(line.line());
        if (answer.provider() != null) {
          proofs.notes().writeAll(content, answer.provider(), answer.proofs());
        }
        yield answer.refusal();
      }
      case Outcome.TimedOut late -> late.describe();
      case Outcome.Died died -> "it ended the process that checked it: " + died.describe();
    };
  }

  @Override
  public void close() {
    children.close();
  }
}
