package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.inference.protocol.DirectHandler;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Serves inference calls whose path says the model plainly. Paths with escapes, parameters or dots
 * are {@link InferenceController}'s.
 */
@Component
final class DirectInference implements DirectHandler {
  private final InferenceEndpoint endpoint;

  DirectInference(InferenceEndpoint endpoint) {
    this.endpoint = endpoint;
  }

  @Override
  public boolean covers(ApiCall.Asked asked) {
    return asked.call() == ApiCall.INFER && isPlain(asked.model()) && isPlain(asked.version());
  }

  @Override
  public void serve(ApiCall.Asked asked, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    endpoint.serve(Objects.requireNonNull(asked.model()), asked.version(), request, response);
  }

  private static boolean isPlain(@Nullable String segment) {
    if (segment == null) {
      return true;
    }
    for (int index = 0; index < segment.length(); index++) {
      char letter = segment.charAt(index);
      boolean word =
          (letter >= 'a' && letter <= 'z')
              || (letter >= 'A' && letter <= 'Z')
              || (letter >= '0' && letter <= '9')
              || letter == '-'
              || letter == '_'
              || (letter == '.' && index > 0);
      if (!word) {
        return false;
      }
    }
    return !segment.isEmpty();
  }
}
