/**
 * The fleet's balancer as Spring Cloud LoadBalancer asks for one, for a team's own routes: {@code
 * FleetServiceConfiguration}.
 */
@NullMarked
package io.onnxfleet.gateway.loadbalancer;

import org.jspecify.annotations.NullMarked;
