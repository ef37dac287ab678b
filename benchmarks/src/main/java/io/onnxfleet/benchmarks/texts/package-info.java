/**
 * Texts that people wrote as load: {@link io.onnxfleet.benchmarks.texts.TextCollection} reads and
 * sizes them, {@link io.onnxfleet.benchmarks.texts.TextLoad} are the options that commands share.
 */
@NullMarked
package io.onnxfleet.benchmarks.texts;

import org.jspecify.annotations.NullMarked;
