package io.onnxfleet.optimizer.head;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.textsettings.SideFiles;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.repository.ServedFolder;
import java.nio.file.Path;

/**
 * A model folder whose model makes vectors of texts.
 *
 * @param served the folder as the fleet reads it
 * @param model how it serves text
 */
public record EmbedderFolder(ServedFolder served, TextModel model) {
  /**
   * Reads a folder.
   *
   * @throws OptimizerException if its model makes no vectors of texts, and why
   */
  public static EmbedderFolder read(Path place) {
    ServedFolder served = ServedFolder.read(place);
    try {
      return new EmbedderFolder(
          served,
          TextModel.of(
              served.name(),
              served.version(),
              served.inputs(),
              served.outputs(),
              served.parameters()));
    } catch (InferenceException refused) {
      throw new OptimizerException("%s: %s".formatted(place, refused.getMessage()), refused);
    }
  }

  String name() {
    return served.name();
  }

  Path file() {
    return served.file();
  }

  SideFiles files() {
    return served.files();
  }
}
