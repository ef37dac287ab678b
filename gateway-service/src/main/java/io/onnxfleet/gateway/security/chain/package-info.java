/**
 * The filters that find out whose a request is and let it in, before there is a call: {@code
 * AuthenticationFilter} in the fleet's chain, {@link io.onnxfleet.gateway.security.chain.Accesses}
 * for the door.
 */
@NullMarked
package io.onnxfleet.gateway.security.chain;

import org.jspecify.annotations.NullMarked;
