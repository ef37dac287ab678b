@NullMarked
package io.onnxfleet.inference.protocol;

import org.jspecify.annotations.NullMarked;
