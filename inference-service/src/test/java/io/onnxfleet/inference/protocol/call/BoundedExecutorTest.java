package io.onnxfleet.inference.protocol.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;
import org.springframework.core.task.TaskRejectedException;

class BoundedExecutorTest {
  private final RequestBound bound = new RequestBound(2);

  @Test
  void enter_refuses_aboveTheBound() {
    RequestBound.Place first = bound.enter();
    RequestBound.Place second = bound.enter();
    assertThatThrownBy(bound::enter)
        .isInstanceOfSatisfying(
            InferenceException.class,
            full -> assertThat(full.code()).isEqualTo(ErrorCode.QUEUE_FULL));
    first.close();
    first.close();
    RequestBound.Place third = bound.enter();
    assertThatThrownBy(bound::enter).isInstanceOf(InferenceException.class);
    second.close();
    third.close();
  }

  @Test
  void execute_rejects_whileCallsHaveAllPlaces() throws Exception {
    try (BoundedExecutor executor = new BoundedExecutor(bound);
        RequestBound.Place _ = bound.enter()) {
      CountDownLatch end = new CountDownLatch(1);
      CompletableFuture<Boolean> running =
          executor.submitCompletable(() -> end.await(60, TimeUnit.SECONDS));
      assertThatThrownBy(() -> executor.execute(() -> {}))
          .isInstanceOf(TaskRejectedException.class);
      assertThatThrownBy(bound::enter).isInstanceOf(InferenceException.class);
      end.countDown();
      assertThat(running.get(60, TimeUnit.SECONDS)).isTrue();
    }
    // Once the task is over its place is free; that may be a moment after its result is there.
    assertFree();
  }

  @Test
  void execute_givesThePlaceBack_whenTheTaskFails() {
    try (BoundedExecutor executor = new BoundedExecutor(bound)) {
      for (int times = 0; times < 10; times++) {
        CompletableFuture<Object> failed =
            executor.submitCompletable(
                () -> {
                  throw new IllegalStateException("a defect");
                });
        assertThatThrownBy(() -> failed.get(60, TimeUnit.SECONDS)).hasRootCauseMessage("a defect");
        assertFree();
      }
    }
  }

  @Test
  void execute_givesThePlaceBack_whenNoThreadStarts() {
    try (BoundedExecutor executor = new BoundedExecutor(bound)) {
      executor.setVirtualThreads(false);
      executor.setThreadFactory(
          task -> {
            throw new OutOfMemoryError("no thread");
          });
      assertThatThrownBy(() -> executor.execute(() -> {})).isInstanceOf(OutOfMemoryError.class);
      assertFree();
    }
  }

  @Test
  void execute_keepsTheNamesOfTheRequest_forTheLog() throws Exception {
    MDC.put("requestId", "r1");
    try (BoundedExecutor executor = new BoundedExecutor(bound)) {
      assertThat(executor.submitCompletable(() -> MDC.get("requestId")).get(60, TimeUnit.SECONDS))
          .isEqualTo("r1");
    } finally {
      MDC.clear();
    }
  }

  private void assertFree() {
    await()
        .untilAsserted(
            () -> {
              try (RequestBound.Place _ = bound.enter();
                  RequestBound.Place _ = bound.enter()) {
                assertThat(bound).isNotNull();
              }
            });
  }
}
