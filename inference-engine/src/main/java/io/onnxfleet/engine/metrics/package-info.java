/**
 * What the engine tells of itself: events to {@link EngineMetrics}, gauges through {@link
 * ModelGauges}, and the counters of {@link ModelStatistics}. Knows no metrics library.
 */
@NullMarked
package io.onnxfleet.engine.metrics;

import org.jspecify.annotations.NullMarked;
