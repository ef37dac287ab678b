/**
 * What a connection may cost before there is a request: {@code RequestGuard} keeps from the gateway
 * what is no request, {@code RequestPace} ends what comes too slowly, {@code ConnectionGuard} what
 * is not read. {@code ConnectionPipeline} puts them in their places.
 */
@NullMarked
package io.onnxfleet.gateway.connection;

import org.jspecify.annotations.NullMarked;
