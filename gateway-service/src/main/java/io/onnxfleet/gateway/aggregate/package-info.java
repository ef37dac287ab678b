/** Answers that speak for the whole fleet: {@link io.onnxfleet.gateway.aggregate.FleetAnswers}. */
@NullMarked
package io.onnxfleet.gateway.aggregate;

import org.jspecify.annotations.NullMarked;
