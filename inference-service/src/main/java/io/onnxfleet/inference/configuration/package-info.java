/**
 * What an operator may set: {@link io.onnxfleet.inference.configuration.InferenceProperties} and
 * its mapping to the engine's options. A key under {@code fleet.} that nothing reads stops the
 * start.
 */
@NullMarked
package io.onnxfleet.inference.configuration;

import org.jspecify.annotations.NullMarked;
