@NullMarked
package io.onnxfleet.inference.observability;

import org.jspecify.annotations.NullMarked;
