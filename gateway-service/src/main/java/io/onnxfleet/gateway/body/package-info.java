/**
 * The bodies of calls: {@link io.onnxfleet.gateway.body.RequestBodies} lends them, kept or
 * streamed, within the gateway's bounds.
 */
@NullMarked
package io.onnxfleet.gateway.body;

import org.jspecify.annotations.NullMarked;
