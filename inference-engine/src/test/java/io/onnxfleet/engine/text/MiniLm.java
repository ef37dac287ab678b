package io.onnxfleet.engine.text;

import java.nio.file.Path;

/** The default model, which the build unpacks. */
final class MiniLm {
  static final Path FOLDER =
      Path.of(System.getProperty("fleet.root", ".."), "models", "all-minilm-l6-v2");
  static final Path TOKENIZER = FOLDER.resolve(TextTokenizer.FILE_NAME);
  static final Path MODEL = FOLDER.resolve("1").resolve("model.onnx");

  private MiniLm() {}
}
