/** Replicas for the tests of what speaks HTTP to them: {@code LocalReplicas}. */
@NullMarked
package io.onnxfleet.gateway.local;

import org.jspecify.annotations.NullMarked;
