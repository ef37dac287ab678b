/** Tests of batching: start with {@code BatchQueueTest}. */
@NullMarked
package io.onnxfleet.engine.batching;

import org.jspecify.annotations.NullMarked;
