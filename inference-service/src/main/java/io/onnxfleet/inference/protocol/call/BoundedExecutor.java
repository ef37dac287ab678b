package io.onnxfleet.inference.protocol.call;

import io.onnxfleet.engine.error.InferenceException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.core.task.TaskRejectedException;

/**
 * Runs each handler on a virtual thread of its own, under its request's names in the log, within
 * the {@link RequestBound}: above it, it is refused at once. Thread-safe.
 */
final class BoundedExecutor extends SimpleAsyncTaskExecutor {
  private static final long serialVersionUID = 1L;

  private final transient RequestBound bound;

  BoundedExecutor(RequestBound bound) {
    super("protocol-");
    this.bound = bound;
    setVirtualThreads(true);
    setTaskDecorator(BoundedExecutor::withContextOfCaller);
  }

  @Override
  protected void doExecute(Runnable task) {
    RequestBound.Place place = enter();
    try {
      super.doExecute(
          () -> {
            try (place) {
              task.run();
            }
          });
    } catch (Throwable notStarted) {
      place.close();
      throw notStarted;
    }
  }

  private RequestBound.Place enter() {
    try {
      return bound.enter();
    } catch (InferenceException full) {
      throw new TaskRejectedException(String.valueOf(full.getMessage()), full);
    }
  }

  private static Runnable withContextOfCaller(Runnable task) {
    @Nullable Map<String, String> context = MDC.getCopyOfContextMap();
    return () -> {
      if (context != null) {
        MDC.setContextMap(context);
      }
      task.run();
    };
  }
}
