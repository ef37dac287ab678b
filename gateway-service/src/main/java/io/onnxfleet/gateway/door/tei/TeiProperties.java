package io.onnxfleet.gateway.door.tei;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The door for clients of Text Embeddings Inference.
 *
 * @param models that answer its routes
 * @param maxClientBatchSize texts of one request, at least 1
 */
@ConfigurationProperties(prefix = "fleet.gateway.tei", ignoreUnknownFields = false)
public record TeiProperties(
    @DefaultValue Models models, @DefaultValue("32") int maxClientBatchSize) {

  public TeiProperties {
    if (maxClientBatchSize < 1) {
      throw new IllegalArgumentException(
          "fleet.gateway.tei.max-client-batch-size: " + maxClientBatchSize + " (expected: >= 1)");
    }
  }

  /**
   * Models or families; a route without one is not served, and without any the door is closed.
   *
   * @param embed of {@code /embed}, {@code /embed_all} and {@code /similarity}
   * @param rerank of {@code /rerank}
   * @param predict of {@code /predict}
   * @param sparse of {@code /embed_sparse}
   */
  public record Models(
      @Nullable String embed,
      @Nullable String rerank,
      @Nullable String predict,
      @Nullable String sparse) {

    /** The one whose tokenizer {@code /tokenize} and {@code /decode} ask; null if there is none. */
    @Nullable String any() {
      if (embed != null) {
        return embed;
      }
      if (rerank != null) {
        return rerank;
      }
      return predict != null ? predict : sparse;
    }
  }
}
