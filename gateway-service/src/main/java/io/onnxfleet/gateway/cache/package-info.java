/**
 * Answers that are given again without a replica: {@link io.onnxfleet.gateway.cache.ResponseCache}.
 * Only for models that are named in the configuration.
 */
@NullMarked
package io.onnxfleet.gateway.cache;

import org.jspecify.annotations.NullMarked;
