package io.onnxfleet.jobs.execution.slice;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.jobs.execution.BusyException;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class SlicePatienceTest {
  private Instant now = Instant.ofEpochSecond(1000);

  @Test
  void sliceThatOnlyWaits_givesItsThreadBack() {
    SlicePatience patience = new SlicePatience(() -> now);
    now = now.plus(SlicePatience.LONGEST);
    assertThatCode(patience::requireTurn).doesNotThrowAnyException();
    now = now.plusMillis(1);
    assertThatThrownBy(patience::requireTurn).isInstanceOf(BusyException.class);
  }

  @Test
  void sliceOfWhichSomethingCame_keepsIt() {
    SlicePatience patience = new SlicePatience(() -> now);
    patience.come();
    now = now.plus(SlicePatience.LONGEST).plusSeconds(1);
    assertThatCode(patience::requireTurn).doesNotThrowAnyException();
  }
}
