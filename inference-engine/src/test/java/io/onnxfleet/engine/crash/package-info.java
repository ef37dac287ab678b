@NullMarked
package io.onnxfleet.engine.crash;

import org.jspecify.annotations.NullMarked;
