/**
 * What is done for a call, one thing after another: {@link io.onnxfleet.gateway.steps.CallSteps}
 * has the lists.
 */
@NullMarked
package io.onnxfleet.gateway.steps;

import org.jspecify.annotations.NullMarked;
