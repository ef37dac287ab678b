/**
 * Where the fleet is heard of when the discovery client is not enough: {@code DnsReplicas} by
 * names, {@code LateRegistry} by asking replicas while the registry is slow or away.
 */
@NullMarked
package io.onnxfleet.gateway.registry;

import org.jspecify.annotations.NullMarked;
