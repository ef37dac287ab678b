/**
 * What a client says to a gateway or a replica, and reads of it: start at {@link FleetClient}. What
 * a model takes is a {@link ModelInput}, what a server counts are {@link InferenceStatistics}.
 */
@NullMarked
package io.onnxfleet.benchmarks.client;

import org.jspecify.annotations.NullMarked;
