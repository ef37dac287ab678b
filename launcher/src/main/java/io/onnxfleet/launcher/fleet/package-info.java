/**
 * The one fleet of a checkout: what it was started with, what runs of it, and how each of its
 * services is started, asked and ended. Start with {@link io.onnxfleet.launcher.fleet.Fleet}.
 */
@NullMarked
package io.onnxfleet.launcher.fleet;

import org.jspecify.annotations.NullMarked;
