/** {@code POST /v1/classify}: {@link ClassifyService} reads, asks and answers. */
@NullMarked
package io.onnxfleet.inference.protocol.openai.classify;

import org.jspecify.annotations.NullMarked;
