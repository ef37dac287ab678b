package io.onnxfleet.inference.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class AdmissionTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  private final Admission admission = new Admission();

  @Test
  void enter_isRefused_onceTheDoorIsShut() {
    admission.shut();
    assertThat(admission.isShut()).isTrue();
    assertThatThrownBy(admission::enter)
        .isInstanceOfSatisfying(
            InferenceException.class,
            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.SHUTTING_DOWN));
  }

  @Test
  void awaitEmpty_isFalse_whileSomebodyIsInside() throws Exception {
    Admission.Pass pass = admission.enter();
    admission.shut();
    assertThat(admission.awaitEmpty(Duration.ZERO)).isFalse();
    pass.close();
    assertThat(admission.awaitEmpty(Duration.ZERO)).isTrue();
  }

  @Test
  void close_countsOnce_whenAPassIsClosedTwice() throws Exception {
    Admission.Pass first = admission.enter();
    Admission.Pass second = admission.enter();
    first.close();
    first.close();
    assertThat(admission.awaitEmpty(Duration.ZERO)).isFalse();
    second.close();
    assertThat(admission.awaitEmpty(Duration.ZERO)).isTrue();
  }

  @Test
  void awaitEmpty_wakes_whenTheLastOneLeaves() throws Exception {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Admission.Pass> passes = new ArrayList<>();
      for (int index = 0; index < 100; index++) {
        passes.add(admission.enter());
      }
      Callable<Boolean> wait = () -> admission.awaitEmpty(LONG);
      Future<Boolean> empty = executor.submit(wait);
      passes.forEach(pass -> executor.execute(pass::close));
      assertThat(empty.get()).isTrue();
    }
  }
}
