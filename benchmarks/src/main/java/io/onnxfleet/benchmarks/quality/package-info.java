/** How good answers are on labelled text: {@link RerankCommand}. */
@NullMarked
package io.onnxfleet.benchmarks.quality;

import org.jspecify.annotations.NullMarked;
