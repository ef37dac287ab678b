/**
 * The keys of configuration files, which all processes of a fleet may read: {@link
 * io.onnxfleet.contract.configuration.KnownKeys}.
 */
@NullMarked
package io.onnxfleet.contract.configuration;

import org.jspecify.annotations.NullMarked;
