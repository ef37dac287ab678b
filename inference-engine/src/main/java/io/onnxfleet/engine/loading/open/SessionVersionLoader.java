package io.onnxfleet.engine.loading.open;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.instance.ModelInterface;
import io.onnxfleet.engine.instance.RowTerms;
import io.onnxfleet.engine.instance.WarmUp;
import io.onnxfleet.engine.loading.rows.DeclaredWarmUp;
import io.onnxfleet.engine.loading.rows.PaddingProofs;
import io.onnxfleet.engine.loading.rows.RowProofs;
import io.onnxfleet.engine.loading.rows.RowProofs.Subject;
import io.onnxfleet.engine.loading.rows.ServingTerms;
import io.onnxfleet.engine.loading.rows.TokenizerPadding;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.loading.threads.SplitTrial;
import io.onnxfleet.engine.loading.threads.ThreadBudget;
import io.onnxfleet.engine.loading.threads.ThreadBudget.Split;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.proof.PaddingVerdict;
import io.onnxfleet.engine.proof.RowVerdict;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.CopiedModel;
import io.onnxfleet.engine.repository.Labels;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.check.ModelFileCheck;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.SequencePadding;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.repository.config.reading.ModelConfigDerivation;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSessionFactory;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.textsettings.SideFiles;
import io.onnxfleet.engine.textsettings.TextFolder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads a version by opening a session for each of its instances. The first session tells what the
 * model declares; from that and the folder's configuration follows how it is served. Every session
 * is warm before the version counts as loaded. Thread-safe.
 */
public final class SessionVersionLoader implements VersionLoader {
  private static final Logger log = LoggerFactory.getLogger(SessionVersionLoader.class);

  /** Share of their time from which on instances are taken to serve. */
  private static final double SERVING = 0.02;

  private final ModelSessionFactory sessions;
  private final InstancePlan plan;
  private final VersionLimits limits;
  private final InstanceGroup.Environment environment;
  private final RowProofs proofs;
  private final @Nullable Path copies;
  private final PaddingProofs paddings;

  /** The sessions of each version that is open. */
  private final Map<InstanceGroup, List<Opened>> opened = new ConcurrentHashMap<>();

  private record Opened(ModelSession session, SessionOptions options) {}

  /**
   * A loader of sessions.
   *
   * @param limits what bounds each version
   * @param copies folder of the copies that sessions read, or null for the usual one
   */
  public SessionVersionLoader(
      ModelSessionFactory sessions,
      InstancePlan plan,
      VersionLimits limits,
      InstanceGroup.Environment environment,
      @Nullable Path copies,
      RowProofs proofs) {
    this.copies = copies;
    this.sessions = sessions;
    this.plan = plan;
    this.limits = limits;
    this.environment = environment;
    this.proofs = proofs;
    this.paddings = new PaddingProofs(proofs.notes(), environment.pool());
  }

  @Override
  public LoadedVersion load(ModelFolder folder, Version version, Consumer<String> progress) {
    ModelVersionId id = new ModelVersionId(folder.name(), version.number());
    if (version.problem() != null) {
      throw new InferenceException(ErrorCode.MODEL_LOAD_FAILED, id + ": " + version.problem());
    }
    long begin = environment.ticker().nanoTime();
    List<Opened> opening = new ArrayList<>();
    try {
      CopiedModel source = CopiedModel.of(version, folder.contentOf(version), copies);
      LoadedVersion loaded = open(folder, id, version, source, opening, progress);
      opened.put(loaded.group(), opening);
      String nodes = loaded.execution().nodes().describe();
      log.info(
          "{} is ready after {} ms: {} instances on {}{}; {}",
          id,
          (environment.ticker().nanoTime() - begin) / 1_000_000,
          opening.size(),
          loaded.executionProvider().label(),
          nodes.isEmpty() ? "" : ", " + nodes,
          loaded.group().rowTerms().reason());
      return loaded;
    } catch (Throwable failure) {
      opening.forEach(session -> session.session().close());
      throw failure;
    }
  }

  @Override
  public void closed(LoadedVersion loaded) {
    opened.remove(loaded.group());
  }

  /**
   * Opens what is missing and closes what is too much; sessions of equal options stay. Not where
   * the engine chooses the number itself, nor where the provider becomes another.
   */
  @Override
  public @Nullable LoadedVersion rearrange(
      LoadedVersion loaded, ModelFolder folder, Version version) {
    List<Opened> before = opened.get(loaded.group());
    if (before == null || InstancePlan.isCountOpen(folder.config())) {
      return null;
    }
    List<SessionOptions> missing = new ArrayList<>(plan.sessionsFor(folder.config()));
    List<Opened> after = new ArrayList<>();
    List<ModelSession> removed = new ArrayList<>();
    for (Opened session : before) {
      if (missing.remove(session.options())) {
        after.add(session);
      } else {
        removed.add(session.session());
      }
    }
    List<Opened> added = new ArrayList<>();
    try {
      LoadedVersion rearranged = open(loaded, folder, version, missing, added);
      if (rearranged == null) {
        added.forEach(session -> session.session().close());
        return null;
      }
      after.addAll(added);
      loaded
          .group()
          .exchange(added.stream().map(Opened::session).toList(), removed, Duration.ofSeconds(30));
      opened.put(loaded.group(), after);
      log.info("{} has {} instances instead of {}", loaded.id(), after.size(), before.size());
      return rearranged;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InferenceException(ErrorCode.MODEL_LOAD_FAILED, "interrupted");
    }
  }

  /** Opens and warms up further sessions of a version; null if they run on another provider. */
  private @Nullable LoadedVersion open(
      LoadedVersion loaded,
      ModelFolder folder,
      Version version,
      List<SessionOptions> missing,
      List<Opened> added) {
    try {
      DeclaredConfig declared = completed(folder, version, loaded.content(), loaded.signature());
      ModelConfig config =
          ModelConfigDerivation.derive(loaded.id().model(), declared, loaded.signature());
      for (SessionOptions options : missing) {
        ModelSession session =
            sessions.open(CopiedModel.of(version, loaded.content(), copies), options);
        added.add(new Opened(session, options));
        if (session.executionProvider() != loaded.executionProvider()) {
          return null;
        }
        boolean _ = warmUp(session, loaded.group().model(), config, folder);
      }
      return loaded.with(folder.path(), config);
    } catch (Throwable failure) {
      added.forEach(session -> session.session().close());
      throw failure;
    }
  }

  private LoadedVersion open(
      ModelFolder folder,
      ModelVersionId id,
      Version version,
      CopiedModel file,
      List<Opened> opened,
      Consumer<String> progress) {
    ModelFileCheck.check(file.modelFile(), folder.path());
    progress.accept("opening");
    List<SessionOptions> wanted = plan.sessionsFor(folder.config());
    ModelSession first = sessions.open(file, wanted.getFirst());
    opened.add(new Opened(first, wanted.getFirst()));
    DeclaredConfig declared = completed(folder, version, file.digest(), first.signature());
    ModelConfig config = ModelConfigDerivation.derive(id.model(), declared, first.signature());
    Map<String, List<String>> labels = Labels.of(config, folder.path(), file.digest());
    TextFolder.notes(config.parameters()).forEach(note -> log.warn("{}: {}", id, note));
    config.notes().forEach(note -> log.info("{}: {}", id, note));
    ModelInterface model = ServingTerms.modelInterface(config, first.signature());
    progress.accept("running rows together and alone");
    Subject subject = new Subject(file, folder.path(), config, model, first, wanted.getFirst());
    RowVerdict verdict = proofs.verdict(subject);
    RowTerms rows = ServingTerms.rowTerms(config, verdict);
    boolean wantsRequests = RowProofs.wantsRequests(config, verdict);
    if (wantsRequests) {
      rows = rows.saying("rows of requests are compared while it is idle");
    }
    if (PaddingProofs.isOpen(config, rows)) {
      progress.accept("running rows filled up and as they are");
      PaddingProofs.Decision decision = decide(subject);
      model = model.with(decision.padding());
      rows = rows.saying(decision.reason());
    }
    progress.accept("choosing threads");
    Split split = split(folder, file, wanted, first, config, model);
    SessionOptions chosen = optionsOf(split, wanted.getFirst());
    if (!chosen.equals(wanted.getFirst())) {
      wanted = wanted.stream().map(options -> optionsOf(split, options)).toList();
      first = sessions.open(file, wanted.getFirst());
      opened.removeFirst().session().close();
      opened.add(new Opened(first, wanted.getFirst()));
    }
    List<SessionOptions> others =
        plan.others(wanted, InstancePlan.isCountOpen(folder.config()), first.executionProvider());
    int instances = 1 + others.size();
    for (SessionOptions options : others) {
      progress.accept("opening instance %d of %d".formatted(opened.size() + 1, instances));
      opened.add(new Opened(sessions.open(file, options), options));
    }
    for (int index = 0; index < instances; index++) {
      progress.accept("warming up instance %d of %d".formatted(index + 1, instances));
      // That a model refuses made-up inputs says nothing against it.
      boolean _ = warmUp(opened.get(index).session(), model, config, folder);
    }
    InstanceGroup group =
        new InstanceGroup(
            id,
            model,
            opened.stream().map(Opened::session).toList(),
            ServingTerms.scheduling(config, first.executionProvider(), limits, rows),
            limits.maxRequestRows(),
            environment);
    if (wantsRequests) {
      proofs.proveWhileServing(subject, group);
    }
    return new LoadedVersion(
        id,
        folder.path(),
        config,
        first.signature(),
        group,
        LoadedVersion.Execution.of(first),
        file.digest(),
        labels);
  }

  /** What is declared, completed by what a text model's folder says of it. */
  private static @Nullable DeclaredConfig completed(
      ModelFolder folder, Version version, ContentDigest content, ModelSignature signature) {
    DeclaredConfig config = folder.config();
    boolean inTritonsLayout =
        version.modelFile().startsWith(folder.path().resolve(Long.toString(version.number())));
    TextFolder.Model model =
        new TextFolder.Model(
            folder.path(),
            version.modelFile(),
            SideFiles.of(folder.path(), content),
            config == null && !inTritonsLayout,
            signature.inputs(),
            signature.outputs());
    Map<String, String> declared = config == null ? Map.of() : config.parameters();
    Map<String, String> completed = TextFolder.complete(model, declared);
    return completed.equals(declared) ? config : DeclaredConfig.withParameters(config, completed);
  }

  private PaddingProofs.Decision decide(Subject subject) {
    SequencePadding candidate = subject.config().sequencePadding();
    if (candidate == null) {
      return PaddingProofs.Decision.NO_LENGTHS;
    }
    TokenizerPadding tokenizer =
        TokenizerPadding.read(SideFiles.of(subject.folder(), subject.file().digest()));
    PaddingVerdict verdict = paddings.verdict(subject, candidate, tokenizer);
    return PaddingProofs.decide(subject.config(), tokenizer, verdict);
  }

  /**
   * What was planned, or what proves faster. Not tried while requests are served: it would take
   * their CPUs, and measure what they leave.
   */
  private Split split(
      ModelFolder folder,
      CopiedModel file,
      List<SessionOptions> wanted,
      ModelSession first,
      ModelConfig config,
      ModelInterface model) {
    List<Split> splits = plan.splitsFor(folder.config(), wanted, first.executionProvider());
    ModelNotes notes = plan.splits();
    if (notes == null || splits.isEmpty() || !isInputKnown(config)) {
      return new Split(wanted.size(), wanted.getFirst().intraOpThreads());
    }
    SplitTrial trial =
        new SplitTrial(
            split -> sessions.open(file, optionsOf(split, wanted.getFirst())),
            session -> runOnce(session, model, config, folder),
            environment.ticker());
    ThreadBudget budget = new ThreadBudget(notes, folder.name());
    return isServing()
        ? budget
            .known(file.digest(), splits)
            .orElseGet(() -> untried(folder.name(), splits, wanted.getFirst()))
        : budget.choose(file.digest(), splits, trial);
  }

  private Split untried(String model, List<Split> candidates, SessionOptions options) {
    Split split = splitBeside(model, candidates, options).orElse(candidates.getFirst());
    log.info("{}: {} is used; nothing is tried while requests are served", model, split);
    return split;
  }

  private boolean isServing() {
    return opened.keySet().stream().anyMatch(group -> group.busyShare() > SERVING);
  }

  /** The split of another version of the same model, if there is one that is open. */
  private Optional<Split> splitBeside(
      String model, List<Split> candidates, SessionOptions options) {
    return opened.entrySet().stream()
        .filter(entry -> entry.getKey().id().model().equals(model))
        .flatMap(
            entry ->
                ThreadBudget.choices(candidates)
                    .filter(split -> split.instances() == entry.getValue().size())
                    .filter(
                        split ->
                            optionsOf(split, options)
                                .equals(entry.getValue().getFirst().options())))
        .findFirst();
  }

  private static SessionOptions optionsOf(Split split, SessionOptions options) {
    SessionOptions threaded = options.withIntraOpThreads(split.threads());
    return split.spins() ? threaded.spinning() : threaded;
  }

  /**
   * True if a run on made-up input costs what a caller's does: zeros of a made-up length do not.
   */
  private static boolean isInputKnown(ModelConfig config) {
    return !config.warmups().isEmpty()
        || config.inputs().stream().allMatch(input -> input.modelDims().isConcrete());
  }

  private void runOnce(
      ModelSession session, ModelInterface model, ModelConfig config, ModelFolder folder) {
    if (!warmUp(session, model, config, folder)) {
      throw new InferenceException(ErrorCode.MODEL_LOAD_FAILED, "the model refuses made-up inputs");
    }
  }

  /** Runs as declared, or else on made-up inputs; false if the model refuses those. */
  private boolean warmUp(
      ModelSession session, ModelInterface model, ModelConfig config, ModelFolder folder) {
    if (config.warmups().isEmpty()) {
      return new WarmUp(session, model, environment.pool()).run(1) != WarmUp.Outcome.REFUSED;
    }
    new DeclaredWarmUp(session, config, folder.path(), environment.pool()).run();
    return true;
  }
}
