/**
 * From texts to tokens in windows. A {@link TextTokenizer} is a model's {@code tokenizer.json},
 * whose native code runs on {@link TokenizerThreads}, a piece a turn ({@link TokenizingCall}).
 * Tokens that a model cannot take at once are cut into overlapping {@link TextWindow}s; {@link
 * TokenizedTexts} are what goes on to the model. Knows no model.
 */
@NullMarked
package io.onnxfleet.engine.text.tokenization;

import org.jspecify.annotations.NullMarked;
