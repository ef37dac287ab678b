package io.onnxfleet.gateway.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class InFlightRequestsTest {

  private final InFlightRequests inFlight = new InFlightRequests();

  @Test
  void count_isNumberOfOpenLeases() {
    InFlightRequests.Lease first = inFlight.begin("one");
    InFlightRequests.Lease second = inFlight.begin("one");
    inFlight.begin("two");

    first.close();
    first.close();

    assertThat(inFlight.count("one")).isEqualTo(1);
    second.close();
    assertThat(inFlight.count("one")).isZero();
    assertThat(inFlight.count("two")).isEqualTo(1);
    assertThat(inFlight.count("never seen")).isZero();
  }

  @Test
  void retain_keepsReplicasWithLeases_whenTheyAreGone() {
    InFlightRequests.Lease lease = inFlight.begin("gone, busy");
    inFlight.begin("gone, idle").close();
    inFlight.begin("present").close();

    inFlight.retain(Set.of("present"));

    assertThat(inFlight.replicas()).containsExactlyInAnyOrder("gone, busy", "present");
    lease.close();
    inFlight.retain(Set.of());
    assertThat(inFlight.replicas()).isEmpty();
  }

  @Test
  void count_returnsToZero_whenManyThreadsBeginAndEndWhileReplicasAreForgotten() throws Exception {
    int threads = 8;
    CountDownLatch start = new CountDownLatch(1);
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int t = 0; t < threads; t++) {
        boolean forgets = t == 0;
        var _ =
            executor.submit(
                () -> {
                  start.await();
                  for (int i = 0; i < 10_000; i++) {
                    try (InFlightRequests.Lease lease = inFlight.begin("one")) {
                      if (forgets) {
                        inFlight.retain(Set.of());
                      }
                      assertThat(lease).isNotNull();
                      assertThat(inFlight.count("one")).isPositive();
                    }
                  }
                  return null;
                });
      }
      start.countDown();
    }
    assertThat(inFlight.count("one")).isZero();
  }
}
