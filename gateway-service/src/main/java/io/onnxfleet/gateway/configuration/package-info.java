/** The check of the configuration's keys at the start. */
@NullMarked
package io.onnxfleet.gateway.configuration;

import org.jspecify.annotations.NullMarked;
