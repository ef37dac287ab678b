/** Which labels texts have: {@link Classifying} asks a model, {@link Classified} is the answer. */
@NullMarked
package io.onnxfleet.engine.text.classify;

import org.jspecify.annotations.NullMarked;
