package io.onnxfleet.engine.text;

import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.text.pooling.Pooling;

/**
 * What the model answered to one window of one text.
 *
 * @param text its number in the call, from 0
 * @param tokens where the window's tokens are in the row
 * @param newTokens of the text that no window before this one holds; 0 for a text of none
 * @param output of a batch of one row; lent for the time of the call that hands it over
 */
record AnsweredRow(int text, Pooling.Span tokens, int newTokens, Tensor output) {}
