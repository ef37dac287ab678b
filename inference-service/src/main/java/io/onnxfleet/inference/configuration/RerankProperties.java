package io.onnxfleet.inference.configuration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How this replica ranks documents.
 *
 * @param maxDocuments of one request, at least 1; also the texts that one is compared with
 */
@ConfigurationProperties("fleet.inference.rerank")
public record RerankProperties(@DefaultValue("10000") int maxDocuments) {

  public RerankProperties {
    if (maxDocuments < 1) {
      throw new IllegalArgumentException(
          "fleet.inference.rerank.max-documents: %d (expected: >= 1)".formatted(maxDocuments));
    }
  }
}
