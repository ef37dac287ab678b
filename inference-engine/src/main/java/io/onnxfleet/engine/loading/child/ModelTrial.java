package io.onnxfleet.engine.loading.child;

import com.google.gson.Gson;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.SessionVersionLoader;
import io.onnxfleet.engine.loading.rows.RowProofs;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.notes.ProofNotes;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.CopiedModel;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.engine.runtime.GraphCache;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSource;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.ProcessLimits;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The program of the process in which models are tried: opens each version that it is told with one
 * instance, warms it up and closes it again, just as a replica would.
 */
public final class ModelTrial {
  /** Tensors of a trial's run. */
  private static final long MAX_TENSOR_BYTES = 1L << 30;

  private static final Gson GSON = new Gson();

  private final BufferPool pool = new BufferPool(0, MAX_TENSOR_BYTES);

  private ModelTrial() {}

  /**
   * What is to be tried.
   *
   * @param content what the parent found the version to be, or null if it did not look
   * @param kept where the optimised graph is left for the parent, and copies are made
   * @param run callers' inputs to run, or null to open the version as a replica would
   */
  record Question(
      String folder,
      long version,
      @Nullable String content,
      Providers providers,
      Kept kept,
      long memoryBytes,
      @Nullable Run run) {
    String toJson() {
      return GSON.toJson(this);
    }
  }

  /** Execution providers by label. */
  record Providers(
      List<String> preferred, @Nullable String required, Map<String, Map<String, String>> options) {
    static Providers of(ExecutionProviders providers) {
      return new Providers(
          providers.preferred().stream().map(ExecutionProvider::label).toList(),
          providers.required() == null ? null : providers.required().label(),
          providers.options().entrySet().stream()
              .collect(Collectors.toMap(entry -> entry.getKey().label(), Map.Entry::getValue)));
    }

    ExecutionProviders parsed() {
      Map<String, ExecutionProvider> labels =
          Arrays.stream(ExecutionProvider.values())
              .collect(Collectors.toMap(ExecutionProvider::label, Function.identity()));
      return new ExecutionProviders(
          preferred.stream().map(labels::get).toList(),
          required == null ? null : labels.get(required),
          options.entrySet().stream()
              .collect(Collectors.toMap(entry -> labels.get(entry.getKey()), Map.Entry::getValue)));
    }
  }

  /** Folders by their paths, null for the usual ones. */
  record Kept(@Nullable String graphCache, long maxGraphCacheBytes, @Nullable String copies) {
    static Kept of(KeptFiles kept) {
      return new Kept(
          text(kept.graphCache()), kept.maxGraphCacheBytes(), text(kept.copiesFolder()));
    }

    KeptFiles parsed() {
      return new KeptFiles(path(graphCache), maxGraphCacheBytes, null, path(copies));
    }

    private static @Nullable String text(@Nullable Path path) {
      return path == null ? null : path.toString();
    }

    private static @Nullable Path path(@Nullable String text) {
      return text == null ? null : Path.of(text);
    }
  }

  /** One run of a session. */
  record Run(List<Input> inputs, List<String> outputs) {
    static Run of(List<NamedTensor> inputs, List<String> outputs) {
      return new Run(inputs.stream().map(Input::of).toList(), outputs);
    }
  }

  /** One input of a run, its data in Base64. */
  record Input(String name, DataType dataType, List<Long> shape, String data) {
    static Input of(NamedTensor input) {
      ByteBuffer data = input.tensor().data();
      byte[] bytes = new byte[data.remaining()];
      data.get(bytes);
      return new Input(
          input.name(),
          input.tensor().dataType(),
          Arrays.stream(input.tensor().shape().dims()).boxed().toList(),
          Base64.getEncoder().encodeToString(bytes));
    }

    NamedTensor tensor(BufferPool pool) {
      byte[] bytes = Base64.getDecoder().decode(data);
      Tensor tensor =
          Tensor.ofByteSize(
              pool,
              dataType,
              Shape.of(shape.stream().mapToLong(Long::longValue).toArray()),
              bytes.length);
      tensor.data().put(bytes);
      return new NamedTensor(name, tensor);
    }
  }

  /**
   * What came of it.
   *
   * @param refusal why it does not load or run, or null if it does
   * @param code of the refusal, if it is one of the engine's
   * @param provider what it ran on, by label
   * @param proofs what was proven of it there, as {@link ProofNotes#readAll} gives it
   */
  record Answer(
      @Nullable String refusal,
      @Nullable String code,
      @Nullable String provider,
      Map<ProofNotes.Proof, String> proofs) {
    static Answer refused(String reason, @Nullable String code) {
      return new Answer(reason, code, null, Map.of());
    }

    static Answer of(String json) {
      return GSON.fromJson(json, Answer.class);
    }
  }

  /** Answers the parent's questions until it goes away. */
  public static void main(String[] arguments) throws IOException {
    ChildLoop loop = new ChildLoop();
    ModelTrial trial = new ModelTrial();
    loop.run(line -> GSON.toJson(trial.answer(GSON.fromJson(line, Question.class))));
    // Nothing is left to be done in good order.
    Runtime.getRuntime().halt(0);
  }

  private Answer answer(Question question) {
    try {
      return tryOut(question);
    } catch (InferenceException refused) {
      return Answer.refused(String.valueOf(refused.getMessage()), refused.code().name());
    } catch (RuntimeException | OutOfMemoryError failure) {
      return Answer.refused(failure.toString(), null);
    }
  }

  private Answer tryOut(Question question) {
    Path path = Path.of(question.folder());
    Path root = path.toAbsolutePath().getParent();
    ModelFolder folder =
        root == null
            ? null
            : new FolderModelRepository(root).find(String.valueOf(path.getFileName())).orElse(null);
    Version version = folder == null ? null : folder.version(question.version()).orElse(null);
    if (folder == null || version == null) {
      throw new IllegalStateException(question.folder() + " is gone");
    }
    ContentDigest content = ContentDigest.of(folder, version);
    if (question.content() != null && !content.version().equals(question.content())) {
      throw new IllegalStateException(
          "its files have changed since they were looked at (expected the same until it is loaded)");
    }
    ProcessLimits.bound(question.memoryBytes());
    KeptFiles kept = question.kept().parsed();
    GraphCache graphs = GraphCache.open(kept.graphCache(), kept.maxGraphCacheBytes());
    InstancePlan plan = new InstancePlan(1, question.providers().parsed(), null);
    Path copies = kept.copies();
    OnnxRuntime runtime = new OnnxRuntime(pool, graphs);
    if (question.run() != null) {
      run(
          runtime,
          CopiedModel.of(version, content, copies),
          plan.sessionsFor(folder.config()).getFirst(),
          question.run());
      return new Answer(null, null, null, Map.of());
    }
    RowProofs proofs = new RowProofs(ModelNotes.inMemory(), runtime, pool, true);
    SessionVersionLoader loader =
        new SessionVersionLoader(
            runtime,
            plan,
            VersionLimits.of(1, Integer.MAX_VALUE),
            new InstanceGroup.Environment(pool, Ticker.system(), EngineMetrics.NONE),
            copies,
            proofs);
    ModelFolder one =
        new ModelFolder(
            folder.name(),
            folder.path(),
            DeclaredConfig.withOneInstance(folder.config()),
            List.of(version),
            null);
    LoadedVersion loaded = loader.load(one, version.withContent(content), step -> {});
    try {
      loaded.group().drain(Duration.ofSeconds(1));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    loader.closed(loaded);
    String provider = loaded.executionProvider().label();
    return new Answer(null, null, provider, proofs.notes().readAll(content, provider));
  }

  private void run(OnnxRuntime runtime, ModelSource model, SessionOptions options, Run run) {
    List<NamedTensor> inputs = new ArrayList<>();
    try (ModelSession session = runtime.open(model, options)) {
      run.inputs().forEach(input -> inputs.add(input.tensor(pool)));
      session.run(inputs, run.outputs()).forEach(Tensor::close);
    } finally {
      inputs.forEach(input -> input.tensor().close());
    }
  }
}
