/**
 * What {@code ./fleet} hands over to once the JDK is found and the fleet is built. Start with
 * {@link io.onnxfleet.launcher.Launcher}; {@code process} is what others share.
 */
@NullMarked
package io.onnxfleet.launcher;

import org.jspecify.annotations.NullMarked;
