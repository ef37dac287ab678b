/**
 * How work is done for those who wait for none: {@link io.onnxfleet.jobs.execution.GatewayLines}
 * asks the gateway.
 */
@NullMarked
package io.onnxfleet.jobs.execution;

import org.jspecify.annotations.NullMarked;
