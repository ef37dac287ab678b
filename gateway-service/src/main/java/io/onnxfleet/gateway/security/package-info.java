/**
 * Who may do what: {@link io.onnxfleet.gateway.security.Access} is what a request may do, {@code
 * AuthenticationFilter} finds out whose it is, {@code ApiKeys} and {@code TokenVerifier} know the
 * callers.
 */
@NullMarked
package io.onnxfleet.gateway.security;

import org.jspecify.annotations.NullMarked;
