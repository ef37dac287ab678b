/**
 * Describes the API to programs and people: {@link io.onnxfleet.gateway.openapi.OpenApiDocument}
 * and a page to try it on.
 */
@NullMarked
package io.onnxfleet.gateway.openapi;

import org.jspecify.annotations.NullMarked;
