/**
 * Who a caller is, by what it shows: {@link io.onnxfleet.gateway.security.credential.ApiKeys},
 * {@link io.onnxfleet.gateway.security.credential.TokenVerifier}, {@link
 * io.onnxfleet.gateway.security.credential.CertificateCallers}.
 */
@NullMarked
package io.onnxfleet.gateway.security.credential;

import org.jspecify.annotations.NullMarked;
