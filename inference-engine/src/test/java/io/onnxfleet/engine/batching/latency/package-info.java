@NullMarked
package io.onnxfleet.engine.batching.latency;

import org.jspecify.annotations.NullMarked;
