package io.onnxfleet.inference.protocol.openai;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.inference.protocol.ErrorShape;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** Everything under {@code /v1} fails in OpenAI's shape. */
@Component
@Order(0)
final class OpenAiErrorShape implements ErrorShape {
  @Override
  public boolean covers(String path) {
    return path.equals("/v1") || path.startsWith("/v1/");
  }

  @Override
  public Object body(int status, @Nullable ErrorCode code, String message) {
    return OpenAiError.of(status, code, message);
  }
}
