package io.onnxfleet.inference.protocol.openai;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The names in the body of an embeddings request. */
final class EmbeddingsArgument {
  static final String INPUT = "input";
  static final String MODEL = "model";
  static final String ENCODING_FORMAT = "encoding_format";
  static final String DIMENSIONS = "dimensions";
  static final String USER = "user";

  static final List<String> ALL = List.of(INPUT, MODEL, ENCODING_FORMAT, DIMENSIONS, USER);

  private EmbeddingsArgument() {}

  /** The argument that a message speaks of: it begins with the name and a colon or a bracket. */
  static @Nullable String namedBy(String message) {
    for (String name : ALL) {
      if (message.startsWith(name)
          && message.length() > name.length()
          && ":[".indexOf(message.charAt(name.length())) >= 0) {
        return name;
      }
    }
    return null;
  }
}
