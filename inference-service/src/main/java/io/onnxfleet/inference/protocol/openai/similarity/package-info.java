/** {@code POST /v1/similarity}: {@link SimilarityService} reads, asks and answers. */
@NullMarked
package io.onnxfleet.inference.protocol.openai.similarity;

import org.jspecify.annotations.NullMarked;
