/**
 * Holds what the fleet is deployed with to what its services do: {@link
 * io.onnxfleet.deployment.ManifestsTest}, {@link io.onnxfleet.deployment.ComposeTest}, {@link
 * io.onnxfleet.deployment.MonitoringTest}.
 */
@NullMarked
package io.onnxfleet.deployment;

import org.jspecify.annotations.NullMarked;
