package io.onnxfleet.inference.protocol.openai.rerank;

import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.textsettings.RerankMethod;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of a rerank request.
 *
 * @param query not blank
 * @param documents at least one; they may be empty
 * @param topN results that are wanted
 * @param returnsDocuments true if their texts are wanted with them
 * @param mostTokens of a document that the caller wants to count
 * @param method how vectors are compared, or null for the model's way
 * @param raw true for logits instead of scores
 * @param overlong what becomes of a document that is too long for one window
 */
record RerankRequest(
    TaskRequest shared,
    String query,
    List<String> documents,
    int topN,
    boolean returnsDocuments,
    int mostTokens,
    @Nullable RerankMethod method,
    boolean raw,
    TextOptions.Overlong overlong) {

  RerankRequest {
    documents = List.copyOf(documents);
  }
}
