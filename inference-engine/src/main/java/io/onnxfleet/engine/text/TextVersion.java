package io.onnxfleet.engine.text;

import io.onnxfleet.engine.text.pooling.DenseLayer;
import java.util.List;

/**
 * A model version that serves text, as far as what is made of its answers depends on it.
 *
 * @param model how it serves text
 * @param layers behind the pooling, read from its folder
 */
public record TextVersion(TextModel model, List<DenseLayer> layers) {

  public TextVersion {
    layers = List.copyOf(layers);
  }

  /** Numbers of a vector, 0 if the model does not declare them. */
  public int dimensions() {
    return layers.isEmpty() ? model.dimensions() : layers.getLast().dimensions();
  }
}
