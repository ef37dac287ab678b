/**
 * How a process is started from what the build laid out, known again, waited for and ended. {@code
 * ./fleet}, its supervisor, chaos and tests of real processes all start theirs here. Start with
 * {@link io.onnxfleet.launcher.process.Layout} and {@link io.onnxfleet.launcher.process.Launch}.
 */
@NullMarked
package io.onnxfleet.launcher.process;

import org.jspecify.annotations.NullMarked;
