package io.onnxfleet.engine.text.classify;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.pooling.TokenVectors;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.textsettings.ModelTask;
import io.onnxfleet.engine.textsettings.TaskSettings;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks which labels texts, or pairs of texts, have.
 *
 * @param joining of the logits of a text's windows
 */
public record Classifying(WindowJoining joining) implements TextTask<Classified> {

  /**
   * What is asked of a model.
   *
   * @throws InferenceException if that is none that classifies
   */
  public TextModels.Asked<Classified> of(
      TextModels.Description described, List<TextInput> texts, TextOptions options) {
    described.model().requireTask(ModelTask.CLASSIFY);
    return new TextModels.Asked<>(texts, options, this);
  }

  @Override
  public String name() {
    return "classifying";
  }

  @Override
  public Reduction<Classified> begin(TextVersion version, TokenizedTexts texts) {
    return new Logits(version.model().settings().task(), texts, joining);
  }

  private static final class Logits implements Reduction<Classified> {
    private final TaskSettings settings;
    private final TokenizedTexts texts;
    private final WindowJoining joining;

    /** The sum or the maximum so far. */
    @GuardedBy("this")
    private final double[][] joined;

    Logits(TaskSettings settings, TokenizedTexts texts, WindowJoining joining) {
      this.settings = settings;
      this.texts = texts;
      this.joining = joining;
      joined = new double[texts.texts().size()][];
    }

    @Override
    public void add(AnsweredRow row) {
      float[] logits = TokenVectors.finiteRow(row.output());
      int labels = settings.labels().size();
      if (logits.length == 0 || (labels > 0 && logits.length != labels)) {
        throw new InferenceException(
            ErrorCode.EXECUTION_FAILED,
            "the model answered %d logits (expected %d, as many as it has labels)"
                .formatted(logits.length, labels));
      }
      join(row.text(), logits);
    }

    private synchronized void join(int text, float... logits) {
      double[] before = joined[text];
      if (before == null) {
        before = new double[logits.length];
        for (int label = 0; label < logits.length; label++) {
          before[label] = logits[label];
        }
        joined[text] = before;
        return;
      }
      for (int label = 0; label < logits.length; label++) {
        before[label] =
            switch (joining) {
              case MEAN -> before[label] + logits[label];
              case MAX -> Math.max(before[label], logits[label]);
            };
      }
    }

    @Override
    public synchronized Classified finish() {
      List<double[]> finished = new ArrayList<>(joined.length);
      for (int text = 0; text < joined.length; text++) {
        double[] logits = joined[text];
        if (joining == WindowJoining.MEAN) {
          int windows = texts.windows().get(text);
          for (int label = 0; label < logits.length; label++) {
            logits[label] /= windows;
          }
        }
        finished.add(logits);
      }
      return new Classified(finished, settings, texts.tokens(), texts.windows());
    }
  }
}
