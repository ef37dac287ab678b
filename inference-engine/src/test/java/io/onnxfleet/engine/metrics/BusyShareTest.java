package io.onnxfleet.engine.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BusyShareTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void read_isZero_whenNothingEverRan() {
    BusyShare share = new BusyShare(2, Duration.ofSeconds(5), 0);
    assertThat(share.read(100 * SECOND)).isZero();
  }

  @Test
  void read_approachesTheActiveShare_whileHalfOfTheExecutorsRun() {
    BusyShare share = new BusyShare(2, Duration.ofSeconds(5), 0);
    share.begin(0);
    assertThat(share.read(5 * SECOND)).isCloseTo(0.5 * (1 - Math.exp(-1)), within(1e-9));
    assertThat(share.read(100 * SECOND)).isCloseTo(0.5, within(1e-6));
  }

  @Test
  void read_doesNotDependOnHowOftenItIsCalled() {
    BusyShare often = new BusyShare(1, Duration.ofSeconds(5), 0);
    BusyShare once = new BusyShare(1, Duration.ofSeconds(5), 0);
    often.begin(0);
    once.begin(0);
    for (int tick = 1; tick < 300; tick++) {
      often.read(tick * SECOND / 100);
    }
    assertThat(often.read(3 * SECOND)).isCloseTo(once.read(3 * SECOND), within(1e-9));
  }

  @Test
  void read_returnsToZero_whenIdleAgain() {
    BusyShare share = new BusyShare(1, Duration.ofSeconds(5), 0);
    share.begin(0);
    share.end(60 * SECOND);
    assertThat(share.read(60 * SECOND)).isGreaterThan(0.99);
    assertThat(share.read(160 * SECOND)).isCloseTo(0, within(1e-6));
  }
}
