package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;

/**
 * What a text model is asked for: to embed, to classify, to rerank. How texts become rows and rows
 * are run is the same for every task, and {@link TextRunner} knows it. A task knows only what is
 * made of the answers.
 *
 * @param <T> the answer to a call
 */
public interface TextTask<T> {
  /** What is done, for messages: {@code embedding}. */
  String name();

  /** What a client calls the text with that number, for messages: where it stands in a request. */
  default String argument(int text) {
    return "input[" + text + "]";
  }

  /**
   * How many texts at the call's start are answered before the rows of others are sent: what is
   * made of these depends on them.
   */
  default int leading() {
    return 0;
  }

  /** Rows that may be in flight at once, whose answers may be large. */
  default int mostInFlight() {
    return TextCall.MAX_IN_FLIGHT;
  }

  /** False if tokens are all that is asked for: the model is not run. */
  default boolean runsModel() {
    return true;
  }

  /** True if a text without a single token, special ones included, has an answer too. */
  default boolean takesEmptyTexts() {
    return false;
  }

  /**
   * Begins one call.
   *
   * @throws InferenceException if that version cannot do it
   */
  Reduction<T> begin(TextVersion version, TokenizedTexts texts);

  /**
   * The answer to one call in the making. Thread-safe: rows come in any order, on the threads that
   * complete them.
   */
  interface Reduction<T> {
    /**
     * Takes what the model answered to a window; called once for each.
     *
     * @throws InferenceException if it is no answer to this task, which ends the call
     */
    void add(AnsweredRow row);

    /**
     * The answer, once every window was added; called once.
     *
     * @throws InferenceException if there is none
     */
    T finish();
  }
}
