/** Tests of the wire form. */
@NullMarked
package io.onnxfleet.inference.protocol.v2.codec;

import org.jspecify.annotations.NullMarked;
