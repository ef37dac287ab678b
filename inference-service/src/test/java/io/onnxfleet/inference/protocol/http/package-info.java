/** Tests of HTTP bodies. */
@NullMarked
package io.onnxfleet.inference.protocol.http;

import org.jspecify.annotations.NullMarked;
