package io.onnxfleet.engine.text;

import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.error.ErrorCategory;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.textsettings.SideFiles;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models that serve text, each opened once it is READY, and again whenever it was loaded anew:
 * a tokenizer that is overwritten changes nothing until then.
 *
 * <p>Keeps one tokenizer for each model's newest version; it is released when the model is found to
 * be gone or changed, and no call is being tokenized with it.
 *
 * <p>Thread-safe.
 */
public final class TextModels implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TextModels.class);

  private final Function<String, ModelMetadata> metadata;
  private final InferencePort port;
  private final BufferPool pool;
  private final int maxTokens;
  private final ConcurrentMap<String, Opened> opened = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * No model is open yet.
   *
   * @param metadata of a model's highest READY version, or an {@link InferenceException}
   * @param maxTokens of one call
   */
  public TextModels(
      Function<String, ModelMetadata> metadata,
      InferencePort port,
      BufferPool pool,
      int maxTokens) {
    this.metadata = metadata;
    this.port = port;
    this.pool = pool;
    this.maxTokens = maxTokens;
  }

  /**
   * How a model serves text; opens its tokenizer.
   *
   * @throws InferenceException if it is unknown, not ready, or serves no text
   */
  public TextModel model(String name) {
    return describe(name).model();
  }

  /**
   * The same with what is only known once its files are read.
   *
   * @throws InferenceException if it is unknown, not ready, or serves no text
   */
  public Description describe(String name) {
    Opened lease = lease(name);
    try {
      TextEmbedder embedder = lease.embedder();
      return new Description(embedder.model(), embedder.windowLength(), embedder.dimensions());
    } finally {
      lease.release();
    }
  }

  /**
   * How a model serves text.
   *
   * @param windowLength tokens of a window, special tokens included
   * @param dimensions of a vector, 0 if they are not declared
   */
  public record Description(TextModel model, int windowLength, int dimensions) {}

  /** {@link TextEmbedder#embed} with a model's highest READY version. */
  public CompletableFuture<Embeddings> embed(
      String name, List<TextInput> texts, Deadline deadline) {
    return embed(name, texts, EmbeddingOptions.DEFAULT, deadline, null);
  }

  /** The same with what else a caller asks for, and in that caller's name. */
  public CompletableFuture<Embeddings> embed(
      String name,
      List<TextInput> texts,
      EmbeddingOptions options,
      Deadline deadline,
      @Nullable String caller) {
    Opened lease;
    try {
      lease = lease(name);
    } catch (InferenceException refused) {
      return CompletableFuture.failedFuture(refused);
    }
    try {
      return lease.embedder().embed(texts, options, deadline, caller);
    } finally {
      lease.release();
    }
  }

  /**
   * Opens those of the READY models that serve text, so that a first request need not wait for it,
   * and drops what is not among them.
   */
  public void follow(Collection<String> ready) {
    for (String name : List.copyOf(opened.keySet())) {
      if (!ready.contains(name)) {
        drop(name);
      }
    }
    for (String name : ready) {
      try {
        lease(name).release();
      } catch (InferenceException refused) {
        if (refused.code() == ErrorCode.MODEL_LOAD_FAILED) {
          log.warn("model '{}' serves no text: {}", name, refused.getMessage());
        }
      }
    }
  }

  /** The model's embedder, which stays open until the lease is released. */
  private Opened lease(String name) {
    if (closed) {
      throw new InferenceException(ErrorCode.SHUTTING_DOWN, "this replica is going away");
    }
    ModelMetadata served;
    try {
      served = metadata.apply(name);
    } catch (InferenceException failure) {
      if (failure.code().category() != ErrorCategory.INVALID_REQUEST) {
        drop(name);
      }
      throw failure;
    }
    Opened model =
        opened.compute(
            name,
            (_, before) -> {
              if (before != null && before.load.equals(served.load())) {
                return before.retain();
              }
              Opened now = open(served).retain();
              if (before != null) {
                before.release();
              }
              return now;
            });
    if (model.failure != null) {
      model.release();
      throw model.failure;
    }
    return model;
  }

  private void drop(String name) {
    Opened gone = opened.remove(name);
    if (gone != null) {
      gone.release();
    }
  }

  /** What cannot be used is remembered, or each request would read it again. */
  private Opened open(ModelMetadata metadata) {
    TextTokenizer tokenizer = null;
    try {
      TextModel model =
          TextModel.of(
              metadata.name(),
              metadata.version(),
              metadata.inputs(),
              metadata.outputs(),
              metadata.parameters());
      SideFiles files = SideFiles.of(metadata.folder(), metadata.version());
      Path file =
          files
              .find(TextTokenizer.FILE_NAME)
              .orElseThrow(
                  () ->
                      TextModel.notText(
                          metadata.name(), "no %s beside it".formatted(TextTokenizer.FILE_NAME)));
      tokenizer = TextTokenizer.open(file);
      List<DenseLayer> layers =
          model.settings().dense().stream().map(folder -> DenseLayer.read(files, folder)).toList();
      TextEmbedder embedder = new TextEmbedder(model, tokenizer, layers, port, pool, maxTokens);
      return new Opened(metadata.load(), embedder, null);
    } catch (InferenceException failure) {
      if (tokenizer != null) {
        tokenizer.close();
      }
      return new Opened(metadata.load(), null, failure);
    }
  }

  /** Drops all models; what asks for one from now on is refused. */
  @Override
  public void close() {
    closed = true;
    for (String name : List.copyOf(opened.keySet())) {
      drop(name);
    }
  }

  /**
   * An embedder, or why there is none, and how many hold it: the map and each lease. It belongs to
   * one load of the model: what files become after it counts at the next.
   */
  private static final class Opened {
    private final Object load;
    private final @Nullable TextEmbedder embedder;
    private final @Nullable InferenceException failure;
    private final AtomicInteger holders = new AtomicInteger(1);

    Opened(Object load, @Nullable TextEmbedder embedder, @Nullable InferenceException failure) {
      this.load = load;
      this.embedder = embedder;
      this.failure = failure;
    }

    TextEmbedder embedder() {
      if (embedder == null) {
        throw new IllegalStateException("a failed opening is not leased");
      }
      return embedder;
    }

    /** Only while the map holds it, inside the map's computation: it is not closed yet. */
    Opened retain() {
      holders.incrementAndGet();
      return this;
    }

    void release() {
      if (holders.decrementAndGet() == 0 && embedder != null) {
        embedder.close();
      }
    }
  }
}
