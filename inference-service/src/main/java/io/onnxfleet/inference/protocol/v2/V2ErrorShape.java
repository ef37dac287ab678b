package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.inference.protocol.ErrorShape;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** Errors of {@code /v2}, and of every path that no other protocol claims. */
@Component
@Order(Ordered.LOWEST_PRECEDENCE)
final class V2ErrorShape implements ErrorShape {
  @Override
  public boolean covers(String path) {
    return true;
  }

  @Override
  public Object body(int status, @Nullable ErrorCode code, String message) {
    return new ErrorBody(message);
  }
}
