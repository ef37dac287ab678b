package io.onnxfleet.inference.protocol.call;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.repository.ContentDigest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tells with an answer what gave it, so that a cache keeps it for just that. What was replaced
 * while it worked tells nothing. Lives for one request.
 */
public final class AnsweringContent {
  private final InferenceEngine engine;
  private final String model;
  private final @Nullable Long version;
  private final Optional<ContentDigest> before;

  /**
   * Before a request is begun.
   *
   * @param version null for the highest READY one
   */
  public AnsweringContent(InferenceEngine engine, String model, @Nullable Long version) {
    this.engine = engine;
    this.model = model;
    this.version = version;
    this.before = engine.content(model, version);
  }

  /** Before the answer begins. */
  public void tell(HttpServletResponse response) {
    if (before.isPresent() && engine.content(model, version).equals(before)) {
      response.setHeader(HeaderNames.CONTENT, before.get().brief());
    }
  }
}
