package io.onnxfleet.inference.protocol.openai.embeddings;

import java.util.Map;
import java.util.Set;

/**
 * The names in the body of an embeddings request: OpenAI's, and those that clients of other servers
 * send.
 */
public final class EmbeddingsArgument {
  static final String INPUT = "input";
  static final String MODEL = "model";
  static final String ENCODING_FORMAT = "encoding_format";
  static final String DIMENSIONS = "dimensions";

  /** Names one of the model's prompts, as in sentence-transformers. */
  static final String PROMPT_NAME = "prompt_name";

  /** A level of priority, as {@code /v2} has it among a request's parameters. */
  static final String PRIORITY = "priority";

  /** What becomes of a text that is too long for one window. */
  static final String OVERLONG = "overlong";

  /** Says what texts are for; the model's prompt for that goes before them. */
  static final Set<String> PURPOSES = Set.of("input_type", "task", "task_type");

  /** Whether vectors have length 1. */
  static final Set<String> NORMALIZE = Set.of("normalize", "normalized");

  /** Whether long texts may be cut: {@code NONE} and {@code false} mean that they may not. */
  static final Set<String> TRUNCATE = Set.of("truncate", "truncation");

  /** Other names of {@link #DIMENSIONS}. */
  static final Set<String> OTHER_DIMENSIONS =
      Set.of("output_dimension", "dimensionality", "truncate_dim");

  /**
   * What would make other vectors, and the values that would not: these are ignored, all others are
   * refused.
   */
  static final Map<String, Set<String>> REFUSED =
      Map.ofEntries(
          Map.entry("add_special_tokens", Set.of("true")),
          Map.entry("chat_template", Set.of()),
          Map.entry("data_type", Set.of("float", "float32")),
          Map.entry("dimension", Set.of()),
          Map.entry("dtype", Set.of("float", "float32")),
          Map.entry("embed_dtype", Set.of("float", "float32")),
          Map.entry("embedding_type", Set.of("float")),
          Map.entry("embedding_types", Set.of("float")),
          Map.entry("image", Set.of()),
          Map.entry("images", Set.of()),
          Map.entry("inputs", Set.of()),
          Map.entry("instruction", Set.of("")),
          Map.entry("late_chunking", Set.of("false")),
          Map.entry("long_text_mode", Set.of("mean")),
          Map.entry("max_length", Set.of()),
          Map.entry("max_tokens", Set.of()),
          Map.entry("max_tokens_per_doc", Set.of()),
          Map.entry("messages", Set.of()),
          Map.entry("modality", Set.of("text")),
          Map.entry("output_dtype", Set.of("float", "float32")),
          Map.entry("pooling", Set.of()),
          Map.entry("pooling_method", Set.of()),
          Map.entry("prompt", Set.of("")),
          Map.entry("return_multivector", Set.of("false")),
          Map.entry("texts", Set.of()),
          Map.entry("truncate_prompt_tokens", Set.of()));

  private EmbeddingsArgument() {}

  /** Those that an answer depends on. */
  public static Set<String> taken() {
    return EmbeddingsRequestReader.taken();
  }

  /** Those that are refused, unless they ask for what is answered anyway. */
  public static Set<String> refused() {
    return REFUSED.keySet();
  }
}
