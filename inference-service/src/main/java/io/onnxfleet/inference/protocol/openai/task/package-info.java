/**
 * The road of every text task but embeddings: {@link TaskEndpoint} serves what a {@link
 * TextService} reads ({@link BodyArguments}), asks and writes. A task is a service, its request and
 * a controller that describes both ({@link TextOperation}), in a package of its own beside this
 * one.
 */
@NullMarked
package io.onnxfleet.inference.protocol.openai.task;

import org.jspecify.annotations.NullMarked;
