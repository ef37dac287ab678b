/**
 * Where a call goes: {@link io.onnxfleet.gateway.routing.Destinations} finds the model that answers
 * it, {@link io.onnxfleet.gateway.routing.ModelSearch} the model that a body asks for.
 */
@NullMarked
package io.onnxfleet.gateway.routing;

import org.jspecify.annotations.NullMarked;
