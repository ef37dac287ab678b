package io.onnxfleet.engine.loading.rows;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.instance.ModelInterface;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.instance.ProofRows;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.notes.ProofNotes;
import io.onnxfleet.engine.notes.ProofNotes.Proof;
import io.onnxfleet.engine.proof.FixedScales;
import io.onnxfleet.engine.proof.GraphFacts;
import io.onnxfleet.engine.proof.RowProof;
import io.onnxfleet.engine.proof.RowVerdict;
import io.onnxfleet.engine.proof.SampleInput;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.CopiedModel;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.WarmupConfig;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSessionFactory;
import io.onnxfleet.engine.runtime.ModelSource;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.runtime.ThreadTime;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the rows of models are independent: known from {@link ProofNotes}, or proven while a
 * model is loaded or serves. Thread-safe.
 */
public final class RowProofs {
  private static final Logger log = LoggerFactory.getLogger(RowProofs.class);
  private static final Gson GSON = new Gson();

  /** CPU time for what goes beyond the essential. */
  private static final long BUDGET_NANOS = 300_000_000;

  /** More rows together say little more. */
  private static final int MOST_ROWS = 128;

  private final ProofNotes notes;
  private final ModelSessionFactory sessions;
  private final BufferPool pool;
  private final ProofRows requestRows = new ProofRows();

  /**
   * Proofs by these sessions.
   *
   * @param apart true in a process that does nothing else; otherwise they give way to requests
   */
  public RowProofs(ModelNotes notes, ModelSessionFactory sessions, BufferPool pool, boolean apart) {
    this.notes = new ProofNotes(notes, sessions.version(), apart);
    this.sessions = sessions;
    this.pool = pool;
  }

  /** A verdict as it is noted. */
  private record Note(
      String kind,
      String reason,
      boolean wantsInputs,
      @Nullable String output,
      long rows,
      @Nullable List<Long> together,
      @Nullable List<Long> alone) {
    static Note of(RowVerdict verdict) {
      return switch (verdict) {
        case RowVerdict.Proven proven -> plain("proven", proven.reason());
        case RowVerdict.ProvenAlone alone -> plain("proven-alone", alone.reason());
        case RowVerdict.Unproven unproven ->
            new Note("unproven", unproven.reason(), unproven.wantsInputs(), null, 0, null, null);
        case RowVerdict.Refuted refuted ->
            new Note(
                "refuted",
                refuted.difference(),
                false,
                refuted.output(),
                refuted.rows(),
                dims(refuted.together()),
                dims(refuted.alone()));
      };
    }

    private static Note plain(String kind, String reason) {
      return new Note(kind, reason, false, null, 0, null, null);
    }

    private static List<Long> dims(Shape shape) {
      return Arrays.stream(shape.dims()).boxed().toList();
    }

    private static Shape shape(List<Long> dims) {
      return Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
    }

    Optional<RowVerdict> verdict() {
      return switch (kind) {
        case "proven" -> Optional.of(new RowVerdict.Proven(reason));
        case "proven-alone" -> Optional.of(new RowVerdict.ProvenAlone(reason));
        case "unproven" -> Optional.of(new RowVerdict.Unproven(reason, wantsInputs));
        case "refuted" ->
            output == null || together == null || alone == null
                ? Optional.empty()
                : Optional.of(
                    new RowVerdict.Refuted(output, rows, shape(together), shape(alone), reason));
        default -> Optional.empty();
      };
    }
  }

  /** What is known of a content on a provider. */
  public Optional<RowVerdict> known(ContentDigest content, String provider) {
    return notes.read(Proof.ROWS, content, provider).flatMap(RowProofs::read);
  }

  /** Where these proofs are noted, and all others of the same versions. */
  public ProofNotes notes() {
    return notes;
  }

  private static Optional<RowVerdict> read(String text) {
    try {
      Note note = GSON.fromJson(text, Note.class);
      return note == null ? Optional.empty() : note.verdict();
    } catch (JsonParseException | InferenceException damaged) {
      return Optional.empty();
    }
  }

  private static String text(RowVerdict verdict) {
    return GSON.toJson(Note.of(verdict));
  }

  /** A version that is being loaded, and the first of its sessions. */
  public record Subject(
      CopiedModel file,
      Path folder,
      ModelConfig config,
      ModelInterface model,
      ModelSession session,
      SessionOptions options) {
    String provider() {
      return session.executionProvider().label();
    }
  }

  /** What is known, or is found out now. */
  public RowVerdict verdict(Subject subject) {
    return notes.knownOr(
        Proof.ROWS,
        subject.file().digest(),
        subject.provider(),
        RowProofs::read,
        RowProofs::text,
        () -> prove(subject));
  }

  /**
   * True if requests may still show what nothing that was made up did. Not where the configuration
   * decides.
   */
  public static boolean wantsRequests(ModelConfig config, RowVerdict verdict) {
    return verdict instanceof RowVerdict.Unproven unproven
        && unproven.wantsInputs()
        && config.isBatched()
        && config.batchingDerived()
        && !ServingTerms.mergesAnyway(config);
  }

  /** Compares rows of requests while the version is idle, and notes what that shows. */
  public void proveWhileServing(Subject subject, InstanceGroup group) {
    ContentDigest content = subject.file().digest();
    String provider = subject.provider();
    GraphFacts facts = GraphFacts.of(subject.file().modelFile());
    List<RowProof.Output> outputs = outputs(subject);
    ModelConfig config = subject.config();
    int mostRows = config.maxBatchSize();
    group.prove(
        requestRows,
        (runs, rows) ->
            new RowProof(
                    runs,
                    List.of(),
                    outputs,
                    facts,
                    pool,
                    new RowProof.Effort(ThreadTime.ofCaller(), BUDGET_NANOS, mostRows))
                .prove(rows),
        verdict -> {
          // Other requests may show what these did not. On this thread, which a drain waits for, so
          // that nothing is noted after the end.
          if (!(verdict instanceof RowVerdict.Unproven)) {
            notes.write(Proof.ROWS, content, provider, text(verdict));
          }
          return ServingTerms.rowTerms(config, verdict);
        });
  }

  static List<RowProof.Output> outputs(Subject subject) {
    return subject.model().outputs().stream().map(port -> RowProof.Output.of(port.spec())).toList();
  }

  private RowVerdict prove(Subject subject) {
    if (!subject.config().isBatched()) {
      return new RowVerdict.Unproven(subject.config().batchingObstacle());
    }
    GraphFacts facts = GraphFacts.of(subject.file().modelFile());
    Optional<String> quantizer = facts.quantizesActivations();
    return quantizer.isPresent()
        ? proveWithFixedScales(subject, quantizer.get())
        : prove(subject, facts, subject.session());
  }

  private RowVerdict prove(Subject subject, GraphFacts facts, ModelSession session) {
    return new RowProof(
            session::run,
            candidates(subject),
            outputs(subject),
            facts,
            pool,
            new RowProof.Effort(
                ThreadTime.ofCaller(),
                BUDGET_NANOS,
                Math.min(MOST_ROWS, subject.config().maxBatchSize())))
        .prove();
  }

  /**
   * A model whose activations are quantized by one scale for all rows is looked at without that: if
   * the rest keeps rows apart, a row that runs alone is answered as it should be.
   */
  private RowVerdict proveWithFixedScales(Subject subject, String quantizer) {
    String why = quantizer + " takes one scale over all rows of a run";
    Path folder = null;
    try {
      folder = Files.createTempDirectory("onnx-fleet-proof");
      Path copy = folder.resolve(ModelConfig.DEFAULT_MODEL_FILENAME);
      if (!FixedScales.write(subject.file().modelFile(), copy)) {
        return new RowVerdict.Unproven(why);
      }
      GraphFacts facts = GraphFacts.of(copy);
      if (facts.quantizesActivations().isPresent()) {
        return new RowVerdict.Unproven(why);
      }
      // The runtime fuses what it does not expect behind a fixed scale, and crashes.
      try (ModelSession session =
          sessions.open(ModelSource.unchanging(copy), subject.options().withoutOptimization())) {
        return switch (prove(subject, facts, session)) {
          case RowVerdict.Proven proven -> new RowVerdict.ProvenAlone(why);
          case RowVerdict.ProvenAlone alone -> alone;
          case RowVerdict.Unproven unproven ->
              new RowVerdict.Unproven(why + ", and " + unproven.reason());
          case RowVerdict.Refuted refuted -> refuted;
        };
      }
    } catch (IOException | InferenceException failure) {
      log.info("{}: not proven without its scales: {}", subject.folder(), failure.toString());
      return new RowVerdict.Unproven(why);
    } finally {
      deleteQuietly(folder);
    }
  }

  private static void deleteQuietly(@Nullable Path folder) {
    try {
      if (folder != null) {
        Files.deleteIfExists(folder.resolve(ModelConfig.DEFAULT_MODEL_FILENAME));
        Files.deleteIfExists(folder);
      }
    } catch (IOException stays) {
      log.debug("{} stays", folder, stays);
    }
  }

  /** The operator's data first, then data that is made up altogether. */
  private List<List<SampleInput>> candidates(Subject subject) {
    List<List<SampleInput>> candidates = new ArrayList<>();
    DeclaredWarmUp declared =
        new DeclaredWarmUp(subject.session(), subject.config(), subject.folder(), pool);
    for (WarmupConfig warmup : subject.config().warmups()) {
      List<SampleInput> inputs = new ArrayList<>();
      for (WarmupConfig.Input input : warmup.inputs()) {
        inputs.add(
            new SampleInput(
                input.name(),
                input.dataType(),
                declared.modelDims(input).prepend(Shape.VARIABLE),
                declared.fileRow(input)));
      }
      candidates.add(inputs);
    }
    candidates.add(inputs(subject.model()));
    return candidates;
  }

  /** Those that a request must have, as the model has them. */
  static List<SampleInput> inputs(ModelInterface model) {
    List<SampleInput> inputs = new ArrayList<>();
    for (Port port : model.inputs()) {
      if (!port.spec().optional()) {
        Shape shape = port.modelShape() == null ? port.spec().shape() : port.modelShape();
        inputs.add(new SampleInput(port.name(), port.spec().dataType(), shape));
      }
    }
    return inputs;
  }
}
