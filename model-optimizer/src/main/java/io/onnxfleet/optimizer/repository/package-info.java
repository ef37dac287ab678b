/**
 * Model folders as the fleet serves them: {@link io.onnxfleet.optimizer.repository.ModelFolder}.
 */
@NullMarked
package io.onnxfleet.optimizer.repository;

import org.jspecify.annotations.NullMarked;
