/**
 * LangChain4j's scoring clients, each as its own documentation says, against a fleet of real
 * processes. {@link io.onnxfleet.clients.scoring.ScoringFleet} starts it, once for both.
 */
@NullMarked
package io.onnxfleet.clients.scoring;

import org.jspecify.annotations.NullMarked;
