/**
 * Models that are fetched: {@link io.onnxfleet.inference.source.SourceCache} keeps {@link
 * io.onnxfleet.inference.source.Source}s by their content, and replicas may share it.
 */
@NullMarked
package io.onnxfleet.inference.source;

import org.jspecify.annotations.NullMarked;
