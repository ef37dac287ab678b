/**
 * A fleet of real processes on the loopback address. Start with {@link
 * io.onnxfleet.testing.process.FleetProcesses}.
 */
@NullMarked
package io.onnxfleet.testing.process;

import org.jspecify.annotations.NullMarked;
