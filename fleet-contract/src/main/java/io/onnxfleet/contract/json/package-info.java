/**
 * JSON for bodies that are mostly numbers: {@link io.onnxfleet.contract.json.JsonScanner} reads it
 * token by token from a stream, {@link io.onnxfleet.contract.json.JsonWriter} writes it. Neither
 * makes an object of a number.
 */
@NullMarked
package io.onnxfleet.contract.json;

import org.jspecify.annotations.NullMarked;
