/**
 * Models that are fetched: {@link io.onnxfleet.inference.source.ArchiveCache} keeps {@link
 * io.onnxfleet.inference.source.Archive}s by their content, and replicas may share it.
 */
@NullMarked
package io.onnxfleet.inference.source;

import org.jspecify.annotations.NullMarked;
