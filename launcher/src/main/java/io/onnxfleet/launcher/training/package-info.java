/**
 * Records how services start, so that they start faster. Start with {@link
 * io.onnxfleet.launcher.training.AotCache}.
 */
@NullMarked
package io.onnxfleet.launcher.training;

import org.jspecify.annotations.NullMarked;
