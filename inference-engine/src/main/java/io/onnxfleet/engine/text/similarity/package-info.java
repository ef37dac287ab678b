/**
 * How alike one text is to others: {@link Comparing} asks a model, {@link Similarities} answers.
 */
@NullMarked
package io.onnxfleet.engine.text.similarity;

import org.jspecify.annotations.NullMarked;
