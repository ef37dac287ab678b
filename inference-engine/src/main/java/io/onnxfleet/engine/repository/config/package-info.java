/**
 * What a model is served by, in Triton's terms: {@link ModelConfig} and its parts, complete and
 * checked. {@link io.onnxfleet.engine.repository.config.reading} makes it.
 */
@NullMarked
package io.onnxfleet.engine.repository.config;

import org.jspecify.annotations.NullMarked;
