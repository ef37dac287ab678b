package io.onnxfleet.optimizer.calibrate;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.SessionSettings.OptimizationLevel;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A model some of whose inner values can be looked at. Holds native memory until it is closed. Not
 * thread-safe.
 */
public final class OpenedModel implements AutoCloseable {
  private final RunnableModel model;

  private OpenedModel(RunnableModel model) {
    this.model = model;
  }

  /**
   * Opens a copy of a model whose outputs are the values too.
   *
   * @param copy where the copy goes; the caller removes it
   */
  public static OpenedModel of(Path file, Collection<String> values, Path copy) {
    OnnxModel open = OnnxModel.read(file);
    values.forEach(open.graph()::addOutput);
    open.write(copy);
    return new OpenedModel(
        RunnableModel.open(copy, new SessionSettings(1, OptimizationLevel.BASIC)));
  }

  /** The types of the values and of the outputs. */
  public Map<String, ElementType> types() {
    return model.outputTypes();
  }

  /** What is run, to find samples for. */
  public RunnableModel model() {
    return model;
  }

  /** The values for one sample, its inputs and the outputs among them. */
  public Map<String, Tensor> values(List<TensorValue> sample) {
    Map<String, Tensor> values = new HashMap<>();
    sample.forEach(value -> values.put(value.name(), value.tensor()));
    model.run(sample).forEach(value -> values.put(value.name(), value.tensor()));
    return values;
  }

  @Override
  public void close() {
    model.close();
  }
}
