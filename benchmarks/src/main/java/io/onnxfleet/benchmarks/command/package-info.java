/**
 * What commands share: files as the caller names them ({@link CallersFolder}), options' values
 * ({@link Conversion}, {@link Span}), diagrams ({@link Chart}).
 */
@NullMarked
package io.onnxfleet.benchmarks.command;

import org.jspecify.annotations.NullMarked;
