/** The command line: {@link io.onnxfleet.optimizer.command.OptimizeCommand} is the main class. */
@NullMarked
package io.onnxfleet.optimizer.command;

import org.jspecify.annotations.NullMarked;
