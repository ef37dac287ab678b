/**
 * The protocol of model hubs: {@link io.onnxfleet.optimizer.hub.HubClient} asks one what a model
 * consists of, {@link io.onnxfleet.optimizer.hub.HubDownload} brings its files.
 */
@NullMarked
package io.onnxfleet.optimizer.hub;

import org.jspecify.annotations.NullMarked;
