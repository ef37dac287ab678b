/**
 * Which entities texts name: {@link Recognizing} asks a model, whose logits of tokens are joined
 * over a text's windows ({@link TokenLogits}) and merged ({@link Aggregation}). {@link Entities} is
 * the answer.
 */
@NullMarked
package io.onnxfleet.engine.text.entities;

import org.jspecify.annotations.NullMarked;
