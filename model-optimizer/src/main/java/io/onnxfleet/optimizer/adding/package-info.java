/**
 * How a model comes into the models folder: {@link io.onnxfleet.optimizer.adding.Adding} brings it
 * from a {@link io.onnxfleet.optimizer.adding.ModelSource}, checks it and says what it is.
 */
@NullMarked
package io.onnxfleet.optimizer.adding;

import org.jspecify.annotations.NullMarked;
