package io.onnxfleet.inference.protocol.openai.task;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.inference.protocol.DirectHandler;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.springframework.stereotype.Component;

/** Serves requests for text tasks, whose model stands in the body. Thread-safe. */
@Component
public final class DirectTasks implements DirectHandler {
  private final TaskEndpoint endpoint;
  private final Map<ApiCall, TextService<?, ?>> services = new EnumMap<>(ApiCall.class);

  DirectTasks(TaskEndpoint endpoint, List<TextService<?, ?>> services) {
    this.endpoint = endpoint;
    services.forEach(service -> this.services.put(service.call(), service));
  }

  @Override
  public boolean covers(ApiCall.Asked asked) {
    return services.containsKey(asked.call());
  }

  @Override
  public void serve(ApiCall.Asked asked, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    serve(asked.call(), request, response);
  }

  /** The same of a call that is known. */
  public void serve(ApiCall call, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    endpoint.serve(Objects.requireNonNull(services.get(call)), request, response);
  }
}
