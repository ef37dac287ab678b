/**
 * Kubernetes' horizontal autoscaler over simulated replicas in virtual time: {@link
 * io.onnxfleet.benchmarks.autoscaling.AutoscalingComparison} compares what it may scale on.
 */
@NullMarked
package io.onnxfleet.benchmarks.autoscaling;

import org.jspecify.annotations.NullMarked;
