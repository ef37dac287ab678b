/**
 * Two versions of a model, or two models, one beside the other: {@link
 * io.onnxfleet.gateway.rollout.Rollouts} decides who is answered by which, watches how the
 * candidate does, and takes it back.
 */
@NullMarked
package io.onnxfleet.gateway.rollout;

import org.jspecify.annotations.NullMarked;
