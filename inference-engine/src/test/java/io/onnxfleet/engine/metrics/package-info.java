@NullMarked
package io.onnxfleet.engine.metrics;

import org.jspecify.annotations.NullMarked;
