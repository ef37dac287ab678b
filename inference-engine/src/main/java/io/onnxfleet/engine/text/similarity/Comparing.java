package io.onnxfleet.engine.text.similarity;

import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.EmbeddingOptions;
import io.onnxfleet.engine.text.Embeddings;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.textsettings.SimilarityFunction;
import java.util.ArrayList;
import java.util.List;

/** A text, and those that it is compared with, by their vectors. */
public record Comparing(String source, List<String> targets) {
  public Comparing {
    targets = List.copyOf(targets);
  }

  /**
   * What is asked of a model: vectors as it makes them, and the similarity that it says.
   *
   * @throws io.onnxfleet.engine.error.InferenceException if it makes no vectors
   */
  public TextModels.Asked<Similarities> of(
      TextModels.Description described, EmbeddingOptions options) {
    List<TextInput> texts = new ArrayList<>(targets.size() + 1);
    texts.add(new TextInput.Characters(source));
    targets.forEach(text -> texts.add(new TextInput.Characters(text)));
    TextModels.Asked<Embeddings> vectors = options.asked(described, texts);
    return new TextModels.Asked<>(
        vectors.texts(),
        vectors.options(),
        new Task(vectors.task(), described.model().settings().task().similarity()));
  }

  private record Task(TextTask<Embeddings> embedding, SimilarityFunction similarity)
      implements TextTask<Similarities> {
    @Override
    public String name() {
      return "comparing";
    }

    @Override
    public String argument(int text) {
      return text == 0 ? "source" : "targets[" + (text - 1) + "]";
    }

    @Override
    public Reduction<Similarities> begin(TextVersion version, TokenizedTexts texts) {
      Reduction<Embeddings> vectors = embedding.begin(version, texts);
      return new Reduction<>() {
        @Override
        public void add(AnsweredRow row) {
          vectors.add(row);
        }

        @Override
        public Similarities finish() {
          return compared(vectors.finish());
        }
      };
    }

    private Similarities compared(Embeddings embeddings) {
      List<float[]> vectors = embeddings.vectors();
      List<Double> scores = new ArrayList<>(vectors.size() - 1);
      for (float[] vector : vectors.subList(1, vectors.size())) {
        scores.add(similarity.of(vectors.getFirst(), vector));
      }
      return new Similarities(scores, embeddings.tokens(), embeddings.windows());
    }
  }
}
