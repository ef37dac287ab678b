/**
 * Clients that others wrote, each as its own documentation says, against a fleet of real processes.
 * {@link io.onnxfleet.clients.ClientFleet} starts it, once for all tests.
 */
@NullMarked
package io.onnxfleet.clients;

import org.jspecify.annotations.NullMarked;
