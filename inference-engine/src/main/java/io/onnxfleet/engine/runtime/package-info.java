/**
 * ONNX Runtime: a {@link ModelSessionFactory} opens a model file as a {@link ModelSession} on the
 * first {@link ExecutionProvider} of its {@link SessionOptions} that is there. The only package
 * that touches native code.
 */
@NullMarked
package io.onnxfleet.engine.runtime;

import org.jspecify.annotations.NullMarked;
