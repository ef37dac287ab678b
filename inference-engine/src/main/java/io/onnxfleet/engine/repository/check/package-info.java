/**
 * What is refused of a model's files before native code sees them: {@link
 * io.onnxfleet.engine.repository.check.ModelFileCheck}.
 */
@NullMarked
package io.onnxfleet.engine.repository.check;

import org.jspecify.annotations.NullMarked;
