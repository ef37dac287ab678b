@NullMarked
package io.onnxfleet.inference.protocol.error;

import org.jspecify.annotations.NullMarked;
