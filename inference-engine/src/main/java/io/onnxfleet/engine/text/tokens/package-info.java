/** What a model's tokenizer makes of texts, without the model: {@link Tokenizing}. */
@NullMarked
package io.onnxfleet.engine.text.tokens;

import org.jspecify.annotations.NullMarked;
