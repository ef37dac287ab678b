/**
 * From text to vectors: a {@link TextEmbedder} tokenizes with the {@code tokenizer.json} beside a
 * model, cuts long text into overlapping windows, sends each as a row through an {@link
 * InferencePort}, and pools and joins what comes back. {@link TextModel} says whether a model
 * serves text at all.
 */
@NullMarked
package io.onnxfleet.engine.text;

import org.jspecify.annotations.NullMarked;
