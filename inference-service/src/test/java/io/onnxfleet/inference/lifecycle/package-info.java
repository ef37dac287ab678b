/** Tests of the replica's life. */
@NullMarked
package io.onnxfleet.inference.lifecycle;

import org.jspecify.annotations.NullMarked;
