package io.onnxfleet.engine.text.entities;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.textsettings.ModelTask;
import io.onnxfleet.engine.textsettings.TaskSettings;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Asks which entities texts name. A text is merged as soon as its windows are there.
 *
 * @param aggregation of its tokens
 */
public record Recognizing(Aggregation aggregation) implements TextTask<Entities> {

  /**
   * What is asked of a model.
   *
   * @throws io.onnxfleet.engine.error.InferenceException if that is none that classifies tokens
   */
  public TextModels.Asked<Entities> of(
      TextModels.Description described, List<String> texts, TextOptions options) {
    described.model().requireTask(ModelTask.TOKEN_CLASSIFY);
    return new TextModels.Asked<>(
        texts.stream().<TextInput>map(TextInput.Characters::new).toList(),
        options.withPlaces(),
        this);
  }

  @Override
  public String name() {
    return "finding entities";
  }

  /** It names nothing. */
  @Override
  public boolean takesEmptyTexts() {
    return true;
  }

  @Override
  public Reduction<Entities> begin(TextVersion version, TokenizedTexts texts) {
    return new Merging(version.model().settings().task(), texts, aggregation);
  }

  private static final class Merging implements Reduction<Entities> {
    private final TaskSettings settings;
    private final TokenizedTexts texts;
    private final Aggregation aggregation;
    private final List<TokenLogits> logits;

    @GuardedBy("this")
    private final List<List<Entities.Entity>> found;

    Merging(TaskSettings settings, TokenizedTexts texts, Aggregation aggregation) {
      this.settings = settings;
      this.texts = texts;
      this.aggregation = aggregation;
      int labels = settings.labels().size();
      logits = texts.texts().stream().map(text -> new TokenLogits(text, labels)).toList();
      found = new ArrayList<>(Collections.nCopies(texts.texts().size(), List.of()));
    }

    @Override
    public void add(AnsweredRow row) {
      float[][] whole = logits.get(row.text()).add(row);
      if (whole != null) {
        List<Entities.Entity> entities =
            aggregation.entities(whole, texts.texts().get(row.text()).places(), settings);
        put(row.text(), entities);
      }
    }

    private synchronized void put(int text, List<Entities.Entity> entities) {
      found.set(text, entities);
    }

    @Override
    public synchronized Entities finish() {
      return new Entities(found, texts.tokens(), texts.windows());
    }
  }
}
