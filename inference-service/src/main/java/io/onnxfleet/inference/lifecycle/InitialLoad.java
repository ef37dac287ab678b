package io.onnxfleet.inference.lifecycle;

import java.util.concurrent.CompletableFuture;

/**
 * The loading of the repository at the start.
 *
 * @param done when each model is READY or UNAVAILABLE
 */
record InitialLoad(CompletableFuture<Void> done) {}
