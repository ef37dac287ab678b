/**
 * From text to answers. {@link TextModels} keeps the models that serve text open; a {@link
 * TextRunner} has texts tokenized and cut into windows ({@code tokenization}), and sends each
 * window as a row through an {@link InferencePort}. What is made of the rows is a {@link
 * TextTask}'s: an {@link EmbeddingTask} pools and joins them ({@code pooling}); other tasks are in
 * packages below, {@code rerank}, {@code classify} and so on, and know this one. {@link TextModel}
 * says whether a model serves text at all.
 */
@NullMarked
package io.onnxfleet.engine.text;

import org.jspecify.annotations.NullMarked;
