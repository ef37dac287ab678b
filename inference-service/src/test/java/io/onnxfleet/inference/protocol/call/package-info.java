@NullMarked
package io.onnxfleet.inference.protocol.call;

import org.jspecify.annotations.NullMarked;
