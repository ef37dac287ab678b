/**
 * One vector for each token of a text: {@link TokenEmbedding} asks a model, {@link TokenEmbeddings}
 * answers.
 */
@NullMarked
package io.onnxfleet.engine.text.tokenvectors;

import org.jspecify.annotations.NullMarked;
