/**
 * What the fleet's processes tell each other: who is of the fleet ({@link
 * io.onnxfleet.contract.fleet.FleetSecret}), what a replica serves ({@link
 * io.onnxfleet.contract.fleet.ReplicaMetadata}), how busy it is ({@link
 * io.onnxfleet.contract.fleet.LoadReport}), and what goes with a request: its trace, its caller,
 * its priority and the time that it has left.
 */
@NullMarked
package io.onnxfleet.contract.fleet;

import org.jspecify.annotations.NullMarked;
