/**
 * What every rewrite of a model has in common: start at {@link io.onnxfleet.optimizer.pass.Pass}.
 * Commands and the search put passes together with {@link io.onnxfleet.optimizer.pass.Pipeline}.
 */
@NullMarked
package io.onnxfleet.optimizer.pass;

import org.jspecify.annotations.NullMarked;
