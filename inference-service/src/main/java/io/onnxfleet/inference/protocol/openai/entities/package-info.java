/** {@code POST /v1/token-classify}: {@link EntitiesService} reads, asks and answers. */
@NullMarked
package io.onnxfleet.inference.protocol.openai.entities;

import org.jspecify.annotations.NullMarked;
