/**
 * The command line: {@link OptimizeCommand} is the main class, each command a class of its own.
 * What commands share is in {@code option} (what they are told) and {@code result} (how what they
 * make comes to its place).
 */
@NullMarked
package io.onnxfleet.optimizer.command;

import org.jspecify.annotations.NullMarked;
