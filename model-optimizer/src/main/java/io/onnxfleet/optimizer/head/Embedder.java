package io.onnxfleet.optimizer.head;

import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.TextSamples;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * A frozen model that makes vectors of texts as the fleet does, pooling and scaling included, in
 * one graph that a head can be put behind. A text of several windows has the mean of their vectors:
 * a linear head's answer to it is then the mean of its answers to the windows.
 *
 * <p>Not thread-safe. Holds a process and a tokenizer until it is closed.
 */
public final class Embedder implements AutoCloseable {
  private final EmbedderFolder folder;
  private final Path file;
  private final String vector;
  private final Windows windows;
  private final RunnableModel model;

  private Embedder(EmbedderFolder folder, Path file, String vector, Windows windows) {
    this.folder = folder;
    this.file = file;
    this.vector = vector;
    this.windows = windows;
    this.model = RunnableModel.open(file, SessionSettings.DEFAULT);
  }

  /**
   * Opens one.
   *
   * @param scratch a folder for its graph, which must stay as long as this is open
   * @throws OptimizerException if its vectors are made in a way that no graph can follow, or it
   *     does not load
   */
  public static Embedder open(EmbedderFolder folder, Path scratch) {
    OnnxModel onnx = OnnxModel.read(folder.file());
    String vector = VectorGraph.pool(onnx, folder.model());
    Path file = scratch.resolve("vectors.onnx");
    onnx.write(file);
    Windows windows = Windows.open(folder);
    Embedder embedder = null;
    try {
      embedder = new Embedder(folder, file, vector, windows);
      embedder.requireText();
      return embedder;
    } catch (RuntimeException failure) {
      if (embedder == null) {
        windows.close();
      } else {
        embedder.close();
      }
      throw failure;
    }
  }

  private void requireText() {
    if (!TextSamples.fits(model.inputs())) {
      throw new OptimizerException(
          "%s takes no text (its inputs: %s)"
              .formatted(folder.file(), model.inputs().stream().map(InputSpec::name).toList()));
    }
    boolean takesTypes =
        model.inputs().stream().anyMatch(input -> input.name().equals(TextModel.TOKEN_TYPE_IDS));
    if (takesTypes && !windows.areOfOneType()) {
      throw new OptimizerException(
          "%s: its tokenizer gives a text's tokens several types, which a head cannot follow (expected: type 0)"
              .formatted(folder.file()));
    }
  }

  public EmbedderFolder folder() {
    return folder;
  }

  /** Tokens of a window, special ones included. */
  public int windowLength() {
    return windows.length();
  }

  /**
   * A vector a text, in the texts' order.
   *
   * @param progress told how many are done
   */
  public float[][] vectors(List<String> texts, IntConsumer progress) {
    return answers(model, texts, progress);
  }

  /** A graph from tokens to the logits of a head on the vectors. */
  OnnxModel withHead(Head head) {
    OnnxModel onnx = OnnxModel.read(file);
    VectorGraph.withHead(onnx, vector, head);
    return onnx;
  }

  /** What a model with a head, opened, answers to texts that become rows as this one's do. */
  float[][] answers(RunnableModel opened, List<String> texts, IntConsumer progress) {
    RowAnswers rows = new RowAnswers(opened);
    float[][] answers = new float[texts.size()][];
    for (int place = 0; place < answers.length; place++) {
      answers[place] = rows.mean(windows.of(texts.get(place)));
      progress.accept(place + 1);
    }
    return answers;
  }

  @Override
  public void close() {
    try {
      model.close();
    } finally {
      windows.close();
    }
  }
}
