/**
 * {@code POST /v1/tokenize} and {@code /v1/detokenize}, which ask a model's tokenizer alone: {@link
 * TokenizeService}, {@link DetokenizeService}.
 */
@NullMarked
package io.onnxfleet.inference.protocol.openai.tokens;

import org.jspecify.annotations.NullMarked;
