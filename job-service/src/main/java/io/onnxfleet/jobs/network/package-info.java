/**
 * Which addresses this process connects to when a setting names a host: {@link
 * io.onnxfleet.jobs.network.CheckedResolver} looks it up, {@link
 * io.onnxfleet.jobs.network.AddressPolicy} says what may be reached.
 */
@NullMarked
package io.onnxfleet.jobs.network;

import org.jspecify.annotations.NullMarked;
