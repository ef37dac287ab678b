/**
 * What balancers are told of a replica's load: {@link io.onnxfleet.inference.load.ReplicaLoad} puts
 * it into every answer of a model, and a probe may ask for it alone.
 */
@NullMarked
package io.onnxfleet.inference.load;

import org.jspecify.annotations.NullMarked;
