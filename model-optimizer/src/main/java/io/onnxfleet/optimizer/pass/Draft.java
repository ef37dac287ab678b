package io.onnxfleet.optimizer.pass;

import io.onnxfleet.optimizer.graph.OnnxModel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A model on its way through passes. It is in a file or in memory, and becomes the other when a
 * pass asks for that: passes that only rewrite the graph follow each other without a file between
 * them. The file that it began with is never changed. Not thread-safe.
 *
 * <p>INVARIANT: exactly one of {@code file} and {@code model} is set.
 */
public final class Draft {
  private final Path folder;
  private @Nullable Path file;
  private @Nullable OnnxModel model;
  private int written;

  private Draft(Path folder, @Nullable Path file, @Nullable OnnxModel model) {
    this.folder = folder;
    this.file = file;
    this.model = model;
  }

  /**
   * Begins with a file.
   *
   * @param folder where further files go, which the caller removes
   */
  public static Draft of(Path file, Path folder) {
    return new Draft(folder, file, null);
  }

  /** Begins with a model that is the draft's from now on. */
  public static Draft of(OnnxModel model, Path folder) {
    return new Draft(folder, null, model);
  }

  /** The model, to be changed in place until {@link #file} is asked for. */
  public OnnxModel model() {
    OnnxModel known = model;
    if (known == null && file != null) {
      known = OnnxModel.read(file);
      model = known;
      file = null;
    }
    if (known == null) {
      throw new IllegalStateException("a draft without a model");
    }
    return known;
  }

  /** A file of what the model is now, to be read only. */
  public Path file() {
    Path known = file;
    if (known == null) {
      known = folder.resolve("draft-%d.onnx".formatted(++written));
      model().write(known);
      file = known;
      model = null;
    }
    return known;
  }

  /** Takes another model in the place of this one. */
  public void become(OnnxModel other) {
    model = other;
    file = null;
  }
}
