/** The fleet's registry: {@link io.onnxfleet.discovery.DiscoveryServer} starts it. */
@NullMarked
package io.onnxfleet.discovery;

import org.jspecify.annotations.NullMarked;
