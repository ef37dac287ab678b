package io.onnxfleet.engine.catalog;

import org.jspecify.annotations.Nullable;

/**
 * A line of the repository's index.
 *
 * @param version null where the model has no version that could be named
 * @param reason why it is not READY; if it is, how requests are run, and why, unless their rows are
 *     independent
 */
public record ModelIndexEntry(
    String name, @Nullable Long version, ModelState state, String reason) {}
