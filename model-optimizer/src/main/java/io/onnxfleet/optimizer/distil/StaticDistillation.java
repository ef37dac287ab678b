package io.onnxfleet.optimizer.distil;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Makes a text encoder a table: a text's vector is the mean of its tokens' vectors, whatever their
 * order.
 *
 * <p>The teacher gives each token of its vocabulary the vector of a text that is this token alone.
 * The principal components of these vectors are kept, and frequent tokens count for less, {@code a
 * / (a + p)} with p a token's probability (Model2Vec; Arora, Liang, Ma: A Simple but Tough-to-Beat
 * Baseline for Sentence Embeddings, 2017).
 *
 * <p>Where there is text, the table is fitted to the teacher's vectors of it in two closed forms: a
 * linear map for all tokens alike, then what is left for the tokens that the text holds. The second
 * is solved in its dual, a row a text, because a text holds few of the vocabulary's tokens. How
 * much each may change is chosen by a tenth of the text that is kept out of the fit.
 */
public final class StaticDistillation implements Pass {
  private final StaticOptions options;
  private final boolean fitted;

  /**
   * @param fitted whether the table is fitted to the samples; if not, the teacher is asked about
   *     its vocabulary only
   */
  public StaticDistillation(StaticOptions options, boolean fitted) {
    this.options = options;
    this.fitted = fitted;
  }

  /**
   * What was made.
   *
   * @param texts that the table was fitted to
   */
  public record Outcome(int texts) implements PassReport {
    @Override
    public List<String> lines() {
      return List.of("fitted to %d texts".formatted(texts));
    }
  }

  @Override
  public String name() {
    return "distil-static";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of("dimensions", options.dimensions(), "weight", options.weight(), "fitted", fitted);
  }

  /**
   * Makes the student.
   *
   * @throws OptimizerException if no tokenizer lies beside the original, or the teacher's vectors
   *     have fewer dimensions than are asked for
   */
  @Override
  public Outcome apply(Draft draft, PassContext context) {
    Path tokenizer =
        SampleSource.tokenizerOf(context.original())
            .orElseThrow(() -> new OptimizerException("no tokenizer beside the model"));
    try (RunnableModel teacher = RunnableModel.open(draft.file(), SessionSettings.DEFAULT)) {
      TextEncoder encoder = new TextEncoder(teacher);
      List<long[]> texts = fitted ? TextEncoder.rows(context.samples()) : List.of();
      OnnxModel student =
          new StaticFitting(options, context.progress())
              .student(encoder, Vocabulary.read(tokenizer), texts);
      draft.become(student);
      return new Outcome(texts.size());
    }
  }
}
