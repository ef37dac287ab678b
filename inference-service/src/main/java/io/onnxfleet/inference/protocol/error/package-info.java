/**
 * What is answered to what failed: {@link ErrorResponses} is the one mapping to statuses and
 * headers, {@link ErrorAdvice} and {@link FallbackErrorController} ask it for what handlers and the
 * container report. A protocol tells by {@link ErrorArguments} which argument a message is about.
 */
@NullMarked
package io.onnxfleet.inference.protocol.error;

import org.jspecify.annotations.NullMarked;
