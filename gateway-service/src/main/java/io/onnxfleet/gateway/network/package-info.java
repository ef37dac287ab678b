/**
 * Addresses and networks as they stand in settings: {@link io.onnxfleet.gateway.network.Networks}.
 */
@NullMarked
package io.onnxfleet.gateway.network;

import org.jspecify.annotations.NullMarked;
