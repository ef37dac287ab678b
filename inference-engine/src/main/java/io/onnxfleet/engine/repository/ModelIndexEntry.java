package io.onnxfleet.engine.repository;

import org.jspecify.annotations.Nullable;

/**
 * A line of the repository's index.
 *
 * @param version null where the model has no version that could be named
 * @param reason why it is not READY; empty if it is
 */
public record ModelIndexEntry(
    String name, @Nullable Long version, ModelState state, String reason) {}
