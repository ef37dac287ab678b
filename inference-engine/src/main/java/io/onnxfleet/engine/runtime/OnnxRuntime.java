package io.onnxfleet.engine.runtime;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

  private final OrtEnvironment environment;
  private final ProviderSetup providers;
  private final BufferPool pool;

  @GuardedBy("this")
  private final ArrayDeque<String> recentNotes = new ArrayDeque<>();

  /**
   * Loads ONNX Runtime unless this process has it already.
   *
   * @param pool where outputs are put
   * @throws IllegalStateException if there is no ONNX Runtime for this platform, or it is too old
   */
  public OnnxRuntime(BufferPool pool) {
    this.environment = OrtEnvironment.get();
    this.providers = new ProviderSetup(environment);
    this.pool = pool;
  }

  /** The version of the native library, such as 1.26.0. */
  public String version() {
    return environment.api().version();
  }

  @Override
  public ModelSession open(Path modelFile, SessionOptions options) {
    if (!Files.isRegularFile(modelFile)) {
      throw loadFailed("%s: no such file".formatted(modelFile.getFileName()));
    }
    ModelStructure.check(modelFile);
    ExecutionProvider required = options.required();
    List<ExecutionProvider> candidates =
        required == null ? options.executionProviders() : List.of(required);
    List<String> notes = new ArrayList<>();
    for (ExecutionProvider candidate : candidates) {
      Optional<String> obstacle = providers.obstacle(candidate, options);
      if (obstacle.isEmpty()) {
        try {
          return open(modelFile, options, new Placement(candidate, notes));
        } catch (OrtFailure failure) {
          if (candidate == ExecutionProvider.CPU) {
            throw loadFailed(failure.reason());
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

  private ModelSession open(Path modelFile, SessionOptions options, Placement placement) {
    NativeOptions nativeOptions = new NativeOptions(environment.api(), options);
    try {
      providers.append(placement.provider(), options, nativeOptions);
    } catch (Throwable failure) {
      nativeOptions.close();
      throw failure;
    }
    NativeSession session = new NativeSession(environment, modelFile, nativeOptions);
    try (Arena scratch = Arena.ofConfined()) {
      GraphPorts ports =
          new PortsReader(environment, session.address(), Arena.ofAuto(), scratch).read();
      return new OnnxModelSession(environment, session, ports, placement, pool);
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
