/** Proofs over models that are made here, and over sessions without a runtime. */
@NullMarked
package io.onnxfleet.engine.proof;

import org.jspecify.annotations.NullMarked;
