/**
 * How a result comes to its place: {@link Rewriting} applies passes in a {@link Workspace}, a
 * {@link QualityGate} or {@link SamenessGate} tries what came of it beside the original, and only
 * what passes is moved to where it was asked for.
 */
@NullMarked
package io.onnxfleet.optimizer.command.result;

import org.jspecify.annotations.NullMarked;
