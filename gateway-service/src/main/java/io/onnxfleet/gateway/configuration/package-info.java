/** Start-up checks of the configuration: {@code KnownProperties} refuses keys that nobody reads. */
@NullMarked
package io.onnxfleet.gateway.configuration;

import org.jspecify.annotations.NullMarked;
