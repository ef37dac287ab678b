/**
 * The lines of a batch's input: {@link io.onnxfleet.jobs.lines.InputCheck} judges a file, {@link
 * io.onnxfleet.jobs.lines.BatchLine} is one of them.
 */
@NullMarked
package io.onnxfleet.jobs.lines;

import org.jspecify.annotations.NullMarked;
