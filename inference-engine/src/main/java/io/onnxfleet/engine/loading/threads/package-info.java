/**
 * How many instances a model gets, of how many threads each: {@link InstancePlan} decides, {@link
 * ThreadBudget} and {@link SplitTrial} measure where that is asked for.
 */
@NullMarked
package io.onnxfleet.engine.loading.threads;

import org.jspecify.annotations.NullMarked;
