package io.onnxfleet.engine.text.tokenization;

import java.nio.file.Path;

/** The default model, which the build unpacks. */
public final class MiniLm {
  public static final Path FOLDER =
      Path.of(System.getProperty("fleet.root", ".."), "models", "all-minilm-l6-v2");
  public static final Path TOKENIZER = FOLDER.resolve(TextTokenizer.FILE_NAME);
  public static final Path MODEL = FOLDER.resolve("1").resolve("model.onnx");

  private MiniLm() {}
}
