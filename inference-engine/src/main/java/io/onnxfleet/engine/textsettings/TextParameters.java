package io.onnxfleet.engine.textsettings;

import java.util.List;

/**
 * The names of the parameters that say how a model serves text, as they stand in a {@code
 * config.pbtxt} and, completed, in what the configuration's endpoint shows.
 */
public final class TextParameters {
  /** One of {@link PoolingMode}, or several joined by {@code +}. */
  public static final String POOLING = "pooling";

  /** The output that vectors are made of. */
  public static final String OUTPUT = "output";

  /** Tokens of a window, special tokens included. */
  public static final String MAX_SEQUENCE_LENGTH = "max-sequence-length";

  /** Tokens that neighbouring windows of a long text share. */
  public static final String WINDOW_OVERLAP = "window-overlap";

  /** {@code true} for vectors of length 1. */
  public static final String NORMALIZE = "normalize";

  /** With a name behind it: the text that goes before a text of that kind. */
  public static final String PROMPT = "prompt.";

  /** The prompt of requests that name none. */
  public static final String DEFAULT_PROMPT = "default-prompt";

  /** {@code false} leaves the prompt's own tokens out of the pooling. */
  public static final String INCLUDE_PROMPT = "include-prompt";

  /** {@code accept} serves any token ids as this vocabulary's. */
  public static final String TOKEN_ARRAYS = "token-arrays";

  /** Folders of the layers behind the pooling, separated by commas, or {@code none}. */
  public static final String DENSE = "dense";

  /** {@code left} or {@code right}: where rows of a fixed length are filled up. */
  public static final String PADDING_SIDE = "padding-side";

  /** The id that rows of a fixed length are filled up with. */
  public static final String PAD_TOKEN = "pad-token";

  /** What {@code position_ids} begin with. */
  public static final String POSITION_OFFSET = "position-offset";

  /** {@code true} if texts become lower case before they are tokenized. */
  public static final String LOWERCASE = "lowercase";

  /**
   * How many token ids the model takes: a tokenizer of another number is not this model's. {@link
   * #ANY} takes any.
   */
  public static final String VOCABULARY = "vocabulary";

  /** Of {@link #VOCABULARY}. */
  public static final String ANY = "any";

  /** What the model is for: one of {@link ModelTask}. */
  public static final String TASK = "task";

  /** The labels of its head in the order of the logits, as a JSON array of strings. */
  public static final String LABELS = "labels";

  /** How logits become scores: one of {@link ScoreFunction}'s problems. */
  public static final String PROBLEM_TYPE = "problem-type";

  /** How alike two vectors are: one of {@link SimilarityFunction}. */
  public static final String SIMILARITY = "similarity";

  /** How vectors rerank: one of {@link RerankMethod}. */
  public static final String RERANKING = "reranking";

  /** Why the model serves no text, as far as its folder says; never in a {@code config.pbtxt}. */
  public static final String REFUSAL = "text-refused";

  /** With one of the names before it: where that was read. */
  public static final String SOURCE = "-source";

  /** What {@link #SOURCE} says of a declared parameter. */
  public static final String DECLARED = "config.pbtxt";

  /** Begins a source that is the project's guess. */
  static final String GUESS = "a guess";

  /** Begins a source that is nobody's word. */
  static final String DEFAULT = "the default";

  /** Of which {@link #SOURCE} may be told. */
  static final List<String> SOURCED =
      List.of(TASK, POOLING, MAX_SEQUENCE_LENGTH, NORMALIZE, DENSE, "prompts");

  static final String ACCEPT = "accept";
  static final String REFUSE = "refuse";
  static final String NONE = "none";

  private TextParameters() {}
}
