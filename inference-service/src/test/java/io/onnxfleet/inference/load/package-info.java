@NullMarked
package io.onnxfleet.inference.load;

import org.jspecify.annotations.NullMarked;
