/** How much texts have of each of the vocabulary's tokens: {@link Weighing}. */
@NullMarked
package io.onnxfleet.engine.text.sparse;

import org.jspecify.annotations.NullMarked;
