/** Models that are written by hand, to measure with: {@link TinyModel}. */
@NullMarked
package io.onnxfleet.benchmarks.models;

import org.jspecify.annotations.NullMarked;
