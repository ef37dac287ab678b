package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.inference.protocol.DirectHandler;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.stereotype.Component;

/** Serves embeddings requests, whose model stands in the body. */
@Component
final class DirectEmbeddings implements DirectHandler {
  private final EmbeddingsEndpoint endpoint;

  DirectEmbeddings(EmbeddingsEndpoint endpoint) {
    this.endpoint = endpoint;
  }

  @Override
  public boolean covers(ApiCall.Asked asked) {
    return asked.call() == ApiCall.EMBEDDINGS;
  }

  @Override
  public void serve(ApiCall.Asked asked, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    endpoint.serve(request, response);
  }
}
