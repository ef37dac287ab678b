/**
 * HTTP bodies as every protocol here needs them: {@link
 * io.onnxfleet.inference.protocol.http.RequestBody} bounds and decompresses what comes in, {@link
 * io.onnxfleet.inference.protocol.http.ContentCoding} compresses what goes out, {@link
 * io.onnxfleet.inference.protocol.http.Json} reads and writes what is in them.
 */
@NullMarked
package io.onnxfleet.inference.protocol.http;

import org.jspecify.annotations.NullMarked;
