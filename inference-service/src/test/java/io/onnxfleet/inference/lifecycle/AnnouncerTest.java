package io.onnxfleet.inference.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AnnouncerTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  private final AtomicInteger state = new AtomicInteger();
  private final List<Map<String, String>> written = Collections.synchronizedList(new ArrayList<>());

  private Map<String, String> snapshot() {
    return Map.of("state", state.toString());
  }

  @Test
  void newerSnapshot_isWrittenLast_whenAnOlderOneWasTakenByAnotherThread() throws Exception {
    CountDownLatch firstTaken = new CountDownLatch(1);
    CountDownLatch secondWritten = new CountDownLatch(1);
    AtomicInteger snapshots = new AtomicInteger();
    try (ExecutorService threads = Executors.newFixedThreadPool(2);
        Announcer announcer =
            new Announcer(
                () -> {
                  Map<String, String> taken = snapshot();
                  if (snapshots.getAndIncrement() == 0) {
                    firstTaken.countDown();
                    // Long enough for another thread to write, if it were allowed to.
                    awaitQuietly(secondWritten, Duration.ofMillis(300));
                  }
                  return taken;
                },
                metadata -> {
                  written.add(metadata);
                  if (metadata.containsValue("1")) {
                    secondWritten.countDown();
                  }
                },
                Duration.ofMillis(1))) {
      threads.execute(announcer::changed);
      assertThat(firstTaken.await(20, TimeUnit.SECONDS)).isTrue();
      state.set(1);
      threads.execute(announcer::changed);

      assertThat(secondWritten.await(20, TimeUnit.SECONDS)).isTrue();
      threads.shutdown();
      assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
      await()
          .atMost(LONG)
          .untilAsserted(() -> assertThat(written.getLast()).containsEntry("state", "1"));
      assertThat(revisions()).isSorted();
    }
  }

  @Test
  void lastState_isWritten_andRevisionsOnlyRise_whenManyThreadsChangeAtOnce() throws Exception {
    try (Announcer announcer = new Announcer(this::snapshot, written::add, Duration.ofMillis(1))) {
      try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
        for (int i = 0; i < 600; i++) {
          threads.execute(
              () -> {
                state.incrementAndGet();
                announcer.changed();
              });
        }
      }

      await()
          .atMost(LONG)
          .untilAsserted(() -> assertThat(written.getLast()).containsEntry("state", "600"));
      assertThat(revisions()).isSorted();
    }
  }

  @Test
  void look_hasTheSameRevision_untilSomethingChanged() {
    try (Announcer announcer = new Announcer(this::snapshot, written::add, LONG)) {
      Map<String, String> first = announcer.look();
      assertThat(announcer.look()).isEqualTo(first).containsEntry("revision", "1");

      state.set(7);

      assertThat(announcer.look()).containsEntry("state", "7").containsEntry("revision", "2");
      assertThat(written).isEmpty();
    }
  }

  @Test
  void whatCouldNotBeWritten_isTriedAgain() {
    AtomicInteger failures = new AtomicInteger(2);
    try (Announcer announcer =
        new Announcer(
            this::snapshot,
            metadata -> {
              if (failures.getAndDecrement() > 0) {
                throw new IllegalStateException("the registry is away");
              }
              written.add(metadata);
            },
            Duration.ofMillis(1))) {
      announcer.changed();

      await().atMost(LONG).untilAsserted(() -> assertThat(written).hasSize(1));
    }
  }

  private List<Long> revisions() {
    synchronized (written) {
      return written.stream().map(metadata -> Long.valueOf(metadata.get("revision"))).toList();
    }
  }

  private static void awaitQuietly(CountDownLatch latch, Duration most) {
    try {
      var _ = latch.await(most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
