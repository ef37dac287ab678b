/**
 * What is known of a process that ended in native code: {@link
 * io.onnxfleet.engine.crash.CrashReport} reads what the JVM left, {@link
 * io.onnxfleet.engine.crash.CrashFolder} says where it lies, {@link
 * io.onnxfleet.engine.crash.ExitCodes} names signals.
 */
@NullMarked
package io.onnxfleet.engine.crash;

import org.jspecify.annotations.NullMarked;
