/**
 * How much a caller may use: {@link io.onnxfleet.gateway.security.quota.Quota} and what is left of
 * it, {@link io.onnxfleet.gateway.security.quota.QuotaUse}.
 */
@NullMarked
package io.onnxfleet.gateway.security.quota;

import org.jspecify.annotations.NullMarked;
