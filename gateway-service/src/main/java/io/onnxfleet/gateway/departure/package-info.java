/**
 * How a gateway goes away: {@link io.onnxfleet.gateway.departure.Departure} has clients go
 * elsewhere before the server closes its door.
 */
@NullMarked
package io.onnxfleet.gateway.departure;

import org.jspecify.annotations.NullMarked;
