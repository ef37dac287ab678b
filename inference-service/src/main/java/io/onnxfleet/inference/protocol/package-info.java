/**
 * What all protocols of a replica share: the road of calls that run a model ({@link
 * io.onnxfleet.inference.protocol.ModelCalls}), how short it is ({@link
 * io.onnxfleet.inference.protocol.ShortPath}), the executor of handlers that wait for the
 * repository ({@link io.onnxfleet.inference.protocol.ProtocolExecutor}), the mapping of failures to
 * statuses ({@link io.onnxfleet.inference.protocol.ErrorResponses}), and the wait for an answer
 * that ends when its client goes away ({@link io.onnxfleet.inference.protocol.ClientConnection}).
 */
@NullMarked
package io.onnxfleet.inference.protocol;

import org.jspecify.annotations.NullMarked;
