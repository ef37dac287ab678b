/** What must hold in a scenario, a {@link Bar} each, and all of them as a {@link BarTable}. */
@NullMarked
package io.onnxfleet.benchmarks.chaos.bar;

import org.jspecify.annotations.NullMarked;
