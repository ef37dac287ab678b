/** Connections to replicas: opened, lent to one exchange at a time, kept for the next one. */
@NullMarked
package io.onnxfleet.gateway.client;

import org.jspecify.annotations.NullMarked;
