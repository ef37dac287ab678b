/**
 * What callers and processes call things: headers ({@link io.onnxfleet.contract.api.HeaderNames}),
 * the table of calls ({@link io.onnxfleet.contract.api.ApiCall}), refusals ({@link
 * io.onnxfleet.contract.api.ErrorCode}) and their bodies ({@link
 * io.onnxfleet.contract.api.ErrorBody}).
 */
@NullMarked
package io.onnxfleet.contract.api;

import org.jspecify.annotations.NullMarked;
