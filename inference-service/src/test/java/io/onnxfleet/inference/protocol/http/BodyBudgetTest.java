package io.onnxfleet.inference.protocol.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.InferenceException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class BodyBudgetTest {
  private static final int SIZE = 90;

  private final BodyBudget budget = new BodyBudget(100);

  @Test
  void cover_givesBackWhatTheBodyHad_whenItIsRefused() {
    BodyBudget.Share one = budget.open();
    BodyBudget.Share other = budget.open();
    one.cover(BodyBudget.FREE + 60);
    other.cover(BodyBudget.FREE + 30);
    assertThatThrownBy(() -> other.cover(BodyBudget.FREE + 50))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("100 bytes");
    assertThat(budget.reservedBytes()).isEqualTo(60);
    one.cover(BodyBudget.FREE + 100);
    one.close();
    other.close();
    assertThat(budget.reservedBytes()).isZero();
  }

  @Test
  void cover_letsOneGoOn_ofThoseThatDoNotFitTogether() throws Exception {
    int giants = 4;
    CyclicBarrier start = new CyclicBarrier(giants);
    try (var executor = Executors.newFixedThreadPool(giants)) {
      for (int round = 0; round < 2_000; round++) {
        List<Future<BodyBudget.Share>> ends = new ArrayList<>();
        for (int giant = 0; giant < giants; giant++) {
          ends.add(executor.submit(() -> read(start)));
        }
        List<BodyBudget.Share> shares = new ArrayList<>();
        for (Future<BodyBudget.Share> end : ends) {
          shares.add(end.get());
        }
        assertThat(budget.reservedBytes()).isEqualTo(SIZE);
        shares.forEach(BodyBudget.Share::close);
      }
    }
  }

  private BodyBudget.Share read(CyclicBarrier start) throws Exception {
    BodyBudget.Share share = budget.open();
    start.await();
    try {
      for (int size = 1; size <= SIZE; size++) {
        share.cover(BodyBudget.FREE + size);
      }
    } catch (InferenceException refused) {
      assertThat(refused).hasMessageContaining("100 bytes");
    }
    return share;
  }
}
