package io.onnxfleet.jobs.batch;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A batch that somebody wants.
 *
 * @param endpoint that every line names
 * @param completionWindow as it was written
 * @param window the same
 * @param metadata JSON, as it is shown; null for none
 */
public record BatchRequest(
    String inputFileId,
    String endpoint,
    String completionWindow,
    Duration window,
    @Nullable String metadata) {}
