/** {@code POST /v1/rerank} and {@code /v2/rerank}, as Cohere's and Jina's clients ask. */
@NullMarked
package io.onnxfleet.inference.protocol.openai.rerank;

import org.jspecify.annotations.NullMarked;
