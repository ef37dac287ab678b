/**
 * How a request comes to the protocol that it speaks: {@link FleetValve} lets only the fleet in,
 * {@link ShortPath} says how far calls that run a model may leave the usual way, {@link
 * DirectHandler} is what a protocol offers there. What all protocols share lies in {@code
 * connection} (the container's side), {@code call} (what a call may take), {@code error} (what is
 * answered to what failed) and {@code http} (bodies); none of these knows this package.
 */
@NullMarked
package io.onnxfleet.inference.protocol;

import org.jspecify.annotations.NullMarked;
