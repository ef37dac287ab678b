/**
 * What a replica tells of itself: {@link EngineMeters} turns the engine's events into Micrometer's
 * meters, under the names of {@link MeterNames}.
 */
@NullMarked
package io.onnxfleet.inference.observability;

import org.jspecify.annotations.NullMarked;
