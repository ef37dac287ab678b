/**
 * Starts again what died of a fleet, with growing pauses. Start with {@link
 * io.onnxfleet.launcher.supervision.Supervision}.
 */
@NullMarked
package io.onnxfleet.launcher.supervision;

import org.jspecify.annotations.NullMarked;
