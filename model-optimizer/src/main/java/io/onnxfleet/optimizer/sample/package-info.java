/**
 * What models are run with to see how well they do: {@link
 * io.onnxfleet.optimizer.sample.SampleSource} finds samples for a model.
 */
@NullMarked
package io.onnxfleet.optimizer.sample;

import org.jspecify.annotations.NullMarked;
