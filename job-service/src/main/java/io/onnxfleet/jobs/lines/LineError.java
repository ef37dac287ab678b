package io.onnxfleet.jobs.lines;

import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a batch's input.
 *
 * @param code what programs tell errors apart by
 * @param line its number, from 1; null if it is about the whole file
 * @param param the key at fault; null if it is none
 */
public record LineError(
    String code, String message, @Nullable String param, @Nullable Integer line) {}
