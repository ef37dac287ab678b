/**
 * A replica's life: {@link io.onnxfleet.inference.lifecycle.ReplicaLifecycle} loads and leaves,
 * {@link io.onnxfleet.inference.lifecycle.RegistryMembership} tells the registry, {@link
 * io.onnxfleet.inference.lifecycle.Admission} knows what has been accepted.
 */
@NullMarked
package io.onnxfleet.inference.lifecycle;

import org.jspecify.annotations.NullMarked;
