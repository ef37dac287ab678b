/**
 * HTTP's door: {@link io.onnxfleet.gateway.door.HttpDoor} makes a {@link
 * io.onnxfleet.gateway.call.Call} of an exchange and writes its answer back. The filters before it
 * see to what every request gets: its trace, its place, its error. Nobody else knows the
 * framework's exchanges, but for the filters that find out who a caller is.
 */
@NullMarked
package io.onnxfleet.gateway.door;

import org.jspecify.annotations.NullMarked;
