/**
 * Who may do what: {@link io.onnxfleet.gateway.security.Access} is what a request may do. Whose it
 * is finds the chain out ({@code .chain}), by what a caller shows ({@code .credential}).
 */
@NullMarked
package io.onnxfleet.gateway.security;

import org.jspecify.annotations.NullMarked;
