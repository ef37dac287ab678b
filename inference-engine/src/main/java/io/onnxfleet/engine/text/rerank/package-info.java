/**
 * How relevant documents are to a query. {@link Reranking} makes of a question what is asked of the
 * model that is found: a cross-encoder reads query and document together ({@link
 * CrossEncoderTask}); vectors of any other model are compared ({@link LateInteractionTask}, {@link
 * CosineTask}). {@link Relevances} is the answer.
 */
@NullMarked
package io.onnxfleet.engine.text.rerank;

import org.jspecify.annotations.NullMarked;
