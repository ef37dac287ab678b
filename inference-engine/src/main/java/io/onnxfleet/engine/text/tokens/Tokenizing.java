package io.onnxfleet.engine.text.tokens;

import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import java.util.List;

/** All tokens of texts, with their places. */
public record Tokenizing() implements TextTask<TokenizedTexts> {

  /** What is asked of any model that serves text. */
  public TextModels.Asked<TokenizedTexts> of(List<String> texts) {
    return new TextModels.Asked<>(
        texts.stream().<TextInput>map(TextInput.Characters::new).toList(),
        TextOptions.whole(0).withPlaces(),
        this);
  }

  @Override
  public String name() {
    return "tokenizing";
  }

  @Override
  public boolean runsModel() {
    return false;
  }

  @Override
  public Reduction<TokenizedTexts> begin(TextVersion version, TokenizedTexts texts) {
    return new Reduction<>() {
      @Override
      public void add(AnsweredRow row) {
        throw new IllegalStateException("no row was sent");
      }

      @Override
      public TokenizedTexts finish() {
        return texts;
      }
    };
  }
}
