/**
 * Models and tensors for tests, in the form of ONNX's files: {@link
 * io.onnxfleet.testing.model.OnnxGraph} puts a model together, {@link
 * io.onnxfleet.testing.model.TinyModel} has those that several tests run, {@link
 * io.onnxfleet.testing.model.StoredTensor} reads what lies beside sample models.
 *
 * <p>What the engine and the optimizer read such files with is theirs: a test that used the same
 * would agree with its mistakes.
 */
@NullMarked
package io.onnxfleet.testing.model;

import org.jspecify.annotations.NullMarked;
