package io.onnxfleet.engine.text;

import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.text.pooling.Pooling;
import io.onnxfleet.engine.text.tokenization.TextWindow;

/**
 * What the model answered to one window of one text.
 *
 * @param text its number in the call, from 0
 * @param tokens where the window's tokens are in the row, special ones included
 * @param firstToken where the first of the text's own tokens is in the row
 * @param window of the text; of no new tokens for a text of none
 * @param output of a batch of one row; lent for the time of the call that hands it over
 */
public record AnsweredRow(
    int text, Pooling.Span tokens, int firstToken, TextWindow window, Tensor output) {}
