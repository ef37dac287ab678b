/**
 * What the gateway knows of one request, whatever brought it: {@link
 * io.onnxfleet.gateway.call.Call} is what is asked, {@link io.onnxfleet.gateway.call.Answer} is
 * where the answer goes. Knows no transport.
 */
@NullMarked
package io.onnxfleet.gateway.call;

import org.jspecify.annotations.NullMarked;
