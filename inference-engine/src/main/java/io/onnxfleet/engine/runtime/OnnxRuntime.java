package io.onnxfleet.engine.runtime;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ONNX Runtime, by its C API.
 *
 * <p>A session is placed on the first provider of its options that works here; each one that does
 * not is told with its reason in the log and in {@link ModelSession#providerNotes()}. A provider
 * whose libraries or devices are missing is never handed to native code.
 *
 * <p>Thread-safe. The native library is loaded when the first instance is made and stays.
 */
public final class OnnxRuntime implements ModelSessionFactory {
  private static final Logger log = LoggerFactory.getLogger(OnnxRuntime.class);
  private static final int MOST_RECENT_NOTES = 16;

  /**
   * An optimised graph with its weights in a file that sessions map, as their kernels want them.
   */
  private static final Map<String, String> APART_AND_PACKED =
      Map.of(
          "session.optimized_model_external_initializers_file_name", GraphCache.WEIGHTS,
          "session.optimized_model_external_initializers_min_size_in_bytes", "1024",
          "session.save_external_prepacked_constant_initializers", "1");

  /** On an accelerator it matters what is left to the CPU. */
  private static final Map<String, String> RECORDED = Map.of(NodePlacementReader.RECORD, "1");

  private final OrtEnvironment environment;
  private final ProviderSetup providers;
  private final BufferPool pool;
  private final @Nullable GraphCache graphs;
  private final long mostRunBytes;

  @GuardedBy("this")
  private final ArrayDeque<String> recentNotes = new ArrayDeque<>();

  /**
   * Loads ONNX Runtime unless this process has it already.
   *
   * @param pool where outputs are put
   * @throws IllegalStateException if there is no ONNX Runtime for this platform, or it is too old
   */
  public OnnxRuntime(BufferPool pool) {
    this(pool, null);
  }

  /**
   * Loads ONNX Runtime unless this process has it already.
   *
   * @param pool where outputs are put
   * @param graphs where models are kept in their optimised form, or null
   * @throws IllegalStateException if there is no ONNX Runtime for this platform, or it is too old
   */
  public OnnxRuntime(BufferPool pool, @Nullable GraphCache graphs) {
    this(pool, graphs, 0);
  }

  /**
   * Loads ONNX Runtime unless this process has it already.
   *
   * @param pool where outputs are put
   * @param graphs where models are kept in their optimised form, or null
   * @param mostRunBytes memory that a run on the CPU may take, weights not counted; one that would
   *     take more fails with {@link ErrorCode#REQUEST_TOO_LARGE}. 0 for no limit
   * @throws IllegalStateException if there is no ONNX Runtime for this platform, or it is too old
   */
  public OnnxRuntime(BufferPool pool, @Nullable GraphCache graphs, long mostRunBytes) {
    this.environment = OrtEnvironment.get();
    this.providers = new ProviderSetup(environment);
    this.pool = pool;
    this.graphs = graphs;
    this.mostRunBytes = mostRunBytes;
  }

  /** The version of the native library, such as 1.26.0. */
  @Override
  public String version() {
    return environment.api().version();
  }

  /** Why a provider cannot work on this machine, or empty if nothing speaks against it. */
  public Optional<String> obstacle(ExecutionProvider provider) {
    return providers.obstacle(provider, SessionOptions.cpu(1));
  }

  /** Opens a model that nobody changes while it is open, where it lies. */
  public ModelSession open(Path modelFile, SessionOptions options) {
    return open(ModelSource.unchanging(modelFile), options);
  }

  /**
   * Opens a model on the CPU, and has the runtime write the graph that it made of it to a file.
   *
   * @param optimized is overwritten
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if the runtime refuses the
   *     model, or cannot write the file
   */
  public ModelSession openAndSave(Path modelFile, SessionOptions options, Path optimized) {
    if (!Files.isRegularFile(modelFile)) {
      throw loadFailed("%s: no such file".formatted(modelFile.getFileName()));
    }
    ModelStructure.check(modelFile);
    try {
      return openSession(
          modelFile,
          options,
          new Placement(ExecutionProvider.CPU, List.of()),
          2 * folderBytes(modelFile),
          null,
          optimized);
    } catch (OrtFailure failure) {
      throw loadFailed(failure.reason());
    }
  }

  @Override
  public ModelSession open(ModelSource model, SessionOptions options) {
    Path modelFile = model.modelFile();
    if (!Files.isRegularFile(modelFile)) {
      throw loadFailed("%s: no such file".formatted(modelFile.getFileName()));
    }
    ExecutionProvider required = options.required();
    List<ExecutionProvider> candidates =
        required == null ? options.executionProviders() : List.of(required);
    List<String> notes = new ArrayList<>();
    for (ExecutionProvider candidate : candidates) {
      Optional<String> obstacle = providers.obstacle(candidate, options);
      if (obstacle.isEmpty()) {
        try {
          return open(model, options, new Placement(candidate, notes), graphs);
        } catch (OrtFailure failure) {
          if (candidate == ExecutionProvider.CPU) {
            throw loadFailed(failure.reason());
          }
          if (failure.isOutOfMemory()) {
            // The provider works, so the model is what is wrong: no other provider takes its place.
            throw loadFailed(
                "too large for device %d of %s: %s"
                    .formatted(options.deviceId(), candidate.label(), failure.reason()));
          }
          obstacle = Optional.of(failure.reason());
        }
      }
      String note = candidate.label() + ": " + obstacle.get();
      notes.add(note);
      if (isNews(note)) {
        log.warn("Execution provider passed over for {}: {}", modelFile, note);
      }
    }
    throw loadFailed(
        "no execution provider of %s can be used: %s"
            .formatted(
                candidates.stream().map(ExecutionProvider::label).toList(),
                String.join("; ", notes)));
  }

  /** False if the last sessions met the same, so that a model's every instance need not say it. */
  private synchronized boolean isNews(String note) {
    boolean news = !recentNotes.remove(note);
    recentNotes.addLast(note);
    if (recentNotes.size() > MOST_RECENT_NOTES) {
      recentNotes.removeFirst();
    }
    return news;
  }

  private ModelSession open(
      ModelSource model, SessionOptions options, Placement placement, @Nullable GraphCache cache) {
    if (cache != null && placement.provider() == ExecutionProvider.CPU) {
      Optional<Path> form =
          cache.form(
              model, options, version(), (files, target) -> optimize(files, options, target));
      if (form.isPresent()) {
        try {
          return openSession(
              form.get(),
              options.forOptimizedGraph(),
              placement,
              fileBytes(form.get()),
              null,
              null);
        } catch (OrtFailure | InferenceException failure) {
          log.warn(
              "the optimised graph of {} does not open: {}",
              model.modelFile(),
              failure.getMessage());
          cache.refuse(form.get(), String.valueOf(failure.getMessage()));
        }
      }
    }
    ModelSource.Copy files = model.copy();
    try {
      ModelStructure.check(files.modelFile());
      return openSession(
          files.modelFile(), options, placement, 2 * folderBytes(files.modelFile()), files, null);
    } catch (Throwable failure) {
      files.close();
      throw failure;
    }
  }

  /**
   * Writes a model as it is once optimised, weights apart and packed for this processor.
   *
   * @throws OrtFailure if the runtime cannot, or if the result declares something else
   */
  private void optimize(Path modelFile, SessionOptions options, Path target) {
    ModelStructure.check(modelFile);
    SessionOptions writing = options.with(APART_AND_PACKED);
    NativeOptions nativeOptions = new NativeOptions(environment.api(), writing);
    try {
      nativeOptions.writeOptimizedGraphTo(target);
    } catch (Throwable failure) {
      nativeOptions.close();
      throw failure;
    }
    ModelSignature before;
    try (NativeSession session =
        new NativeSession(environment, modelFile, nativeOptions, false, null)) {
      before = signature(session);
    }
    align(target);
    ModelSignature after;
    try (NativeSession session =
        new NativeSession(
            environment,
            target,
            new NativeOptions(environment.api(), options.forOptimizedGraph()),
            false,
            null)) {
      after = signature(session);
    }
    if (!after.equals(before)) {
      throw new OrtFailure(0, "%s (expected %s)".formatted(after, before));
    }
  }

  /** Moves the weights to where kernels may read them. */
  private static void align(Path target) {
    try {
      AlignedWeights.align(target, target.resolveSibling(GraphCache.WEIGHTS));
    } catch (IOException otherwise) {
      throw new OrtFailure(0, "weights cannot be aligned: " + otherwise.getMessage());
    }
  }

  private ModelSignature signature(NativeSession session) {
    try (Arena scratch = Arena.ofConfined()) {
      return new PortsReader(environment, session.address(), Arena.ofAuto(), scratch)
          .read()
          .signature();
    }
  }

  /** What lies in a file's folder, its external data among it. */
  private static long folderBytes(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      return fileBytes(file);
    }
    try (Stream<Path> files = Files.walk(folder)) {
      return files.mapToLong(OnnxRuntime::fileBytes).sum();
    } catch (IOException | UncheckedIOException unreadable) {
      return fileBytes(file);
    }
  }

  private static long fileBytes(Path file) {
    try {
      return Files.isRegularFile(file) ? Files.size(file) : 0;
    } catch (IOException unreadable) {
      return 0;
    }
  }

  /**
   * Opens a session.
   *
   * @param weights most bytes that it keeps of the model, where these are no mapped file
   * @param files what it is read from, to be closed with the session, or null
   * @param optimized where the runtime writes the graph that it made of it, or null
   */
  private ModelSession openSession(
      Path modelFile,
      SessionOptions given,
      Placement placement,
      long weights,
      ModelSource.@Nullable Copy files,
      @Nullable Path optimized) {
    SessionOptions options =
        placement.provider() == ExecutionProvider.CPU ? given : given.with(RECORDED);
    NativeOptions nativeOptions = new NativeOptions(environment.api(), options);
    try {
      providers.append(placement.provider(), options, nativeOptions);
      if (placement.provider() == ExecutionProvider.CPU && options.graph().memoryArena()) {
        nativeOptions.ownArena(mostRunBytes == 0 ? 0 : mostRunBytes + weights);
      }
      if (optimized != null) {
        nativeOptions.writeOptimizedGraphTo(optimized);
      }
    } catch (Throwable failure) {
      nativeOptions.close();
      throw failure;
    }
    NativeSession session =
        new NativeSession(
            environment, modelFile, nativeOptions, options.graph().shrinkArena(), files);
    try (Arena scratch = Arena.ofConfined()) {
      GraphPorts ports =
          new PortsReader(environment, session.address(), Arena.ofAuto(), scratch).read();
      NodePlacement nodes =
          options.sessionConfiguration().getOrDefault(NodePlacementReader.RECORD, "0").equals("1")
              ? new NodePlacementReader(environment.api(), scratch).read(session.address())
              : NodePlacement.UNKNOWN;
      return new OnnxModelSession(
          environment, session, ports, placement, nodes, pool, mostRunBytes);
    } catch (InferenceException refused) {
      session.close();
      throw refused.code() == ErrorCode.MODEL_LOAD_FAILED
          ? refused
          : loadFailed(String.valueOf(refused.getMessage()));
    } catch (Throwable failure) {
      session.close();
      throw failure;
    }
  }

  private static InferenceException loadFailed(String message) {
    return new InferenceException(ErrorCode.MODEL_LOAD_FAILED, message);
  }
}
