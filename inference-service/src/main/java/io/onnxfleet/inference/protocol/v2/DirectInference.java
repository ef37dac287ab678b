package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.inference.protocol.DirectHandler;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Serves inference calls whose path says the model plainly. Paths with escapes, parameters or dots
 * are {@link InferenceController}'s.
 */
@Component
final class DirectInference implements DirectHandler {
  private static final String MODELS = "/v2/models/";
  private static final String VERSIONS = "/versions/";
  private static final String INFER = "/infer";
  private static final String INFER_SLASH = INFER + "/";

  private final InferenceEndpoint endpoint;

  DirectInference(InferenceEndpoint endpoint) {
    this.endpoint = endpoint;
  }

  @Override
  public boolean covers(HttpServletRequest request) {
    String path = path(request);
    return request.getMethod().equals("POST")
        && path.startsWith(MODELS)
        && path.endsWith(INFER)
        && path.length() > MODELS.length() + INFER.length()
        && isPlain(model(path))
        && isPlain(version(path));
  }

  @Override
  public void serve(HttpServletRequest request, HttpServletResponse response) throws IOException {
    String path = path(request);
    endpoint.serve(model(path), version(path), request, response);
  }

  /** Without the slash that some clients put at the end. */
  private static String path(HttpServletRequest request) {
    String path = request.getRequestURI();
    return path.endsWith(INFER_SLASH) ? path.substring(0, path.length() - 1) : path;
  }

  private static String model(String path) {
    int version = path.indexOf(VERSIONS, MODELS.length());
    return path.substring(MODELS.length(), version < 0 ? path.length() - INFER.length() : version);
  }

  private static @Nullable String version(String path) {
    int version = path.indexOf(VERSIONS, MODELS.length());
    int from = version + VERSIONS.length();
    int to = path.length() - INFER.length();
    return version < 0 ? null : path.substring(Math.min(from, to), to);
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
