@NullMarked
package io.onnxfleet.engine;

import org.jspecify.annotations.NullMarked;
