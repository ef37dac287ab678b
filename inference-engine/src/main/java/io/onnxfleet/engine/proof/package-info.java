/**
 * Proofs by experiment: a model's rows are run together and alone, and compared. Start at {@link
 * io.onnxfleet.engine.proof.RowProof}, whose outcome is a {@link
 * io.onnxfleet.engine.proof.RowVerdict}.
 */
@NullMarked
package io.onnxfleet.engine.proof;

import org.jspecify.annotations.NullMarked;
