package io.onnxfleet.engine.repository;

import com.google.gson.Gson;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.config.DeclaredConfig;
import io.onnxfleet.engine.repository.trial.ChildLoop;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.GraphCache;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.ProcessLimits;
import io.onnxfleet.engine.tensor.BufferPool;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
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
   * @param providers in order of preference, by label
   * @param graphCache where the optimised graph is left for the parent, or null for the usual one
   * @param copies where the model is copied to before it is opened, or null for the usual place
   * @param content what the parent found the version to be, or null if it did not look
   */
  record Question(
      String folder,
      long version,
      List<String> providers,
      @Nullable String required,
      Map<String, Map<String, String>> providerOptions,
      @Nullable String graphCache,
      long maxGraphCacheBytes,
      @Nullable String copies,
      @Nullable String content,
      long memoryBytes) {
    String toJson() {
      return GSON.toJson(this);
    }
  }

  /**
   * What came of it.
   *
   * @param refusal why it does not load, or null if it does
   */
  record Answer(@Nullable String refusal) {
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
      tryOut(question);
      return new Answer(null);
    } catch (InferenceException refused) {
      return new Answer(String.valueOf(refused.getMessage()));
    } catch (RuntimeException | OutOfMemoryError failure) {
      return new Answer(failure.toString());
    }
  }

  private void tryOut(Question question) {
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
    GraphCache graphs =
        GraphCache.open(
            question.graphCache() == null ? null : Path.of(question.graphCache()),
            question.maxGraphCacheBytes());
    Map<String, ExecutionProvider> providers =
        Arrays.stream(ExecutionProvider.values())
            .collect(Collectors.toMap(ExecutionProvider::label, Function.identity()));
    InstancePlan plan =
        new InstancePlan(
            1,
            question.providers().stream().map(providers::get).toList(),
            question.required() == null ? null : providers.get(question.required()),
            question.providerOptions().entrySet().stream()
                .collect(
                    Collectors.toMap(entry -> providers.get(entry.getKey()), Map.Entry::getValue)),
            null);
    SessionVersionLoader loader =
        new SessionVersionLoader(
            new OnnxRuntime(pool, graphs),
            plan,
            1,
            Duration.ZERO,
            Integer.MAX_VALUE,
            Duration.ZERO,
            new InstanceGroup.Environment(pool, Ticker.system(), EngineMetrics.NONE),
            question.copies() == null ? null : Path.of(question.copies()));
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
  }
}
