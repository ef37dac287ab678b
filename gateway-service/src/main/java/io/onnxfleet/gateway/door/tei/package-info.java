/**
 * A second door for clients of Text Embeddings Inference, off unless a route's model is named
 * ({@link TeiProperties}). {@link TeiController} makes a call of the API out of each request
 * ({@link TeiRequest}) and its answer out of the call's ({@link CollectedAnswer}); refusals have
 * TEI's statuses ({@link TeiRefusal}).
 */
@NullMarked
package io.onnxfleet.gateway.door.tei;

import org.jspecify.annotations.NullMarked;
