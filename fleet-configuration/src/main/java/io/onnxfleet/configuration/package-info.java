/**
 * What every Spring process of the fleet does with its configuration as it starts: {@link
 * io.onnxfleet.configuration.UnknownKeyCheck} refuses keys that nobody reads, {@link
 * io.onnxfleet.configuration.InsideProperties} reads the fleet's secret, {@link
 * io.onnxfleet.configuration.FleetDoor} tells its processes from others, {@link
 * io.onnxfleet.configuration.OpenDoorWarning} says that the door is open.
 */
@NullMarked
package io.onnxfleet.configuration;

import org.jspecify.annotations.NullMarked;
