/**
 * What a call may take, whichever protocol it speaks: {@link ModelCalls} is the road of those that
 * run a model, {@link ProtocolExecutor} names the threads of those that wait for the repository,
 * and one {@link RequestBound} counts both. {@link Callers} and {@link ModelVersions} read what
 * every protocol's headers say, {@link AnsweredUnits} and {@link AnsweringContent} tell what an
 * answer took and what gave it.
 */
@NullMarked
package io.onnxfleet.inference.protocol.call;

import org.jspecify.annotations.NullMarked;
