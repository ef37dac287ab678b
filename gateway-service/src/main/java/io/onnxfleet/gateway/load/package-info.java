/**
 * How busy replicas are, as far as this gateway knows: {@link
 * io.onnxfleet.gateway.load.ReplicaLoads} by their reports and answers, {@link
 * io.onnxfleet.gateway.load.InFlightRequests} by what it has under way.
 */
@NullMarked
package io.onnxfleet.gateway.load;

import org.jspecify.annotations.NullMarked;
