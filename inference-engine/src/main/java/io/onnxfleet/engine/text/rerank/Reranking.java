package io.onnxfleet.engine.text.rerank;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.textsettings.ModelTask;
import io.onnxfleet.engine.textsettings.RerankMethod;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A query, and the documents that it is to rank.
 *
 * @param method how vectors are compared, or null for the model's way; of no meaning to a model
 *     that reads both texts together
 */
public record Reranking(String query, List<String> documents, @Nullable RerankMethod method) {

  /** How vectors are compared where neither caller nor model says it. */
  public static final RerankMethod DEFAULT = RerankMethod.COSINE;

  public Reranking {
    documents = List.copyOf(documents);
  }

  /**
   * What goes before the texts of a model that makes vectors.
   *
   * @param ofQuery before the query
   * @param ofDocument before each document
   */
  public record Prompts(String ofQuery, String ofDocument) {}

  /**
   * What is asked of a model.
   *
   * @param prompts of that model
   * @throws InferenceException if the model cannot rerank, or not in that way
   */
  public TextModels.Asked<Relevances> of(
      TextModels.Description described, Prompts prompts, TextOptions options) {
    TextModel model = described.model();
    model.requireTask(ModelTask.RERANK, ModelTask.EMBED);
    if (model.task() == ModelTask.RERANK) {
      return new TextModels.Asked<>(
          documents.stream().<TextInput>map(text -> new TextInput.Pair(query, text, true)).toList(),
          options,
          new CrossEncoderTask());
    }
    List<TextInput> texts = new ArrayList<>(documents.size() + 1);
    texts.add(new TextInput.Prompted(prompts.ofQuery(), query));
    documents.forEach(text -> texts.add(new TextInput.Prompted(prompts.ofDocument(), text)));
    return new TextModels.Asked<>(
        texts, options.sparing(1), new ShortQuery(described, byVectors(chosen(model))));
  }

  /** What a client calls a document. */
  static String argumentOfDocument(int document) {
    return "documents[" + document + "]";
  }

  private RerankMethod chosen(TextModel model) {
    boolean hasTokens = !model.pooling().modes().isEmpty();
    if (method == RerankMethod.LATE_INTERACTION && !hasTokens) {
      throw InferenceException.invalidInput(
          "reranking: '%s' (expected '%s': model '%s' answers no vectors of tokens)",
          method.label(), RerankMethod.COSINE.label(), model.name());
    }
    if (method != null) {
      return method;
    }
    RerankMethod ofModel = model.settings().task().reranking();
    RerankMethod chosen = ofModel == null ? DEFAULT : ofModel;
    return hasTokens ? chosen : RerankMethod.COSINE;
  }

  private static TextTask<Relevances> byVectors(RerankMethod method) {
    return switch (method) {
      case COSINE -> new CosineTask();
      case LATE_INTERACTION -> new LateInteractionTask();
    };
  }

  /** A task that refuses a query which is too long to be one, as it is for a pair. */
  private record ShortQuery(TextModels.Description described, TextTask<Relevances> task)
      implements TextTask<Relevances> {
    @Override
    public String name() {
      return task.name();
    }

    @Override
    public String argument(int text) {
      return task.argument(text);
    }

    @Override
    public int leading() {
      return task.leading();
    }

    @Override
    public boolean takesEmptyTexts() {
      return task.takesEmptyTexts();
    }

    @Override
    public Reduction<Relevances> begin(TextVersion version, TokenizedTexts texts) {
      described.requireQuery(texts.texts().getFirst().tokens().length);
      return task.begin(version, texts);
    }
  }
}
