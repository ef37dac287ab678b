package io.onnxfleet.engine.textsettings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a {@code config.json} says of a transformer.
 *
 * @param present false if there is none
 * @param nameOrPath what it was made from, or empty
 * @param modelType the library's name of its kind, or empty
 * @param architectures the library's classes that it was saved from
 * @param vocabulary how many token ids it takes
 * @param positions tokens that it has positions for
 * @param firstPosition what position ids begin with
 * @param padToken the id of padding
 * @param labels by their ids, what it tells apart, where it classifies
 * @param problem its {@code problem_type}, or empty
 * @param isCrossEncoder true if sentence-transformers saved it as one
 */
record TransformerConfig(
    boolean present,
    String nameOrPath,
    String modelType,
    List<String> architectures,
    Optional<Integer> vocabulary,
    Optional<Integer> positions,
    int firstPosition,
    int padToken,
    Map<String, String> labels,
    String problem,
    boolean isCrossEncoder) {

  static final String FILE = "config.json";

  /** Kinds whose positions begin behind that of padding. */
  private static final Set<String> POSITIONS_BEHIND_PADDING =
      Set.of(
          "roberta",
          "xlm-roberta",
          "xlm-roberta-xl",
          "camembert",
          "mpnet",
          "longformer",
          "data2vec-text",
          "roberta-prelayernorm",
          "xmod",
          "esm",
          "luke",
          "ibert",
          "mega",
          "bertweet");

  private static final Set<String> DECODERS =
      Set.of(
          "gpt2",
          "gpt_neo",
          "gpt_neox",
          "gptj",
          "llama",
          "mistral",
          "mixtral",
          "qwen2",
          "qwen3",
          "phi",
          "phi3",
          "gemma",
          "gemma2",
          "gemma3",
          "gemma3_text",
          "opt",
          "bloom",
          "falcon",
          "stablelm",
          "olmo",
          "olmo2",
          "granite",
          "cohere",
          "smollm3",
          "starcoder2",
          "mpt",
          "deepseek_v2",
          "deepseek_v3",
          "t5",
          "bart",
          "mbart",
          "pegasus",
          "marian",
          "whisper");

  private static final List<String> DECODER_ENDS =
      List.of("ForCausalLM", "LMHeadModel", "ForConditionalGeneration", "MTModel");

  private static final List<String> HEAD_ENDS =
      List.of(
          "ForSequenceClassification",
          "ForTokenClassification",
          "ForQuestionAnswering",
          "ForMultipleChoice",
          "ForNextSentencePrediction",
          "ForMaskedLM",
          "ForPreTraining");

  static TransformerConfig read(SideFiles files) {
    Optional<Path> file = files.find(FILE);
    if (file.isEmpty()) {
      return new TransformerConfig(
          false, "", "", List.of(), Optional.empty(), Optional.empty(), 0, 0, Map.of(), "", false);
    }
    SideJson config = SideJson.object(files, file.get());
    String modelType = config.string("model_type").orElse("");
    boolean behindPadding = POSITIONS_BEHIND_PADDING.contains(modelType);
    int padToken = config.wholeNumber("pad_token_id").orElse(behindPadding ? 1 : 0);
    int first = behindPadding ? padToken + 1 : 0;
    return new TransformerConfig(
        true,
        config.string("_name_or_path").orElse(""),
        modelType,
        config.strings("architectures"),
        config.wholeNumber("vocab_size").filter(size -> size > 0),
        config
            .wholeNumber("max_position_embeddings")
            .map(positions -> positions - first)
            .filter(positions -> positions > 0),
        first,
        Math.max(0, padToken),
        config.textsByName("id2label"),
        config.string("problem_type").orElse(""),
        config.has("sentence_transformers") || config.has("sbert_ce_default_activation_function"));
  }

  /** The class or kind that says that it continues texts, or empty. */
  Optional<String> decoder() {
    if (architectures.isEmpty()) {
      return DECODERS.contains(modelType) ? Optional.of(modelType) : Optional.empty();
    }
    return endingWith(DECODER_ENDS);
  }

  /** The class that says that it has a head which scores, or empty. */
  Optional<String> head() {
    return endingWith(HEAD_ENDS);
  }

  /** The labels in the order of their ids; empty if they have none from 0 on without a gap. */
  List<String> orderedLabels() {
    List<String> ordered = new ArrayList<>();
    for (int id = 0; id < labels.size(); id++) {
      String label = labels.get(Integer.toString(id));
      if (label == null) {
        return List.of();
      }
      ordered.add(label);
    }
    return ordered;
  }

  /** The task of its head, where it is one that is served. */
  Optional<ModelTask> task() {
    String head = head().orElse("");
    if (head.endsWith("ForTokenClassification")) {
      return Optional.of(ModelTask.TOKEN_CLASSIFY);
    }
    if (!head.endsWith("ForSequenceClassification")) {
      return Optional.empty();
    }
    boolean isRelevance = labels.size() == 1 || (isCrossEncoder && labels.size() <= 2);
    return Optional.of(isRelevance ? ModelTask.RERANK : ModelTask.CLASSIFY);
  }

  private Optional<String> endingWith(List<String> ends) {
    return architectures.stream()
        .filter(name -> ends.stream().anyMatch(name::endsWith))
        .findFirst();
  }
}
