package io.onnxfleet.jobs.observability;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.health.contributor.Status;

class StoreHealthTest {
  private final AtomicLong now = new AtomicLong();

  @Test
  void store_isUp_asLongAsItsMarkIsThere_lookedAtNowAndThen(@TempDir Path folder) throws Exception {
    try (ObjectStore store = new ObjectStore(folder, 0, new Names())) {
      StoreHealth health = new StoreHealth(store, () -> Instant.ofEpochSecond(now.get()));
      assertThat(health.health().getStatus()).isEqualTo(Status.DOWN);
      assertThat(health.health().getDetails().get("reason"))
          .isEqualTo(folder.resolve("objects") + " has no mark");
      Files.writeString(folder.resolve("objects/mark"), "0123");
      assertThat(health.health().getStatus()).as("known for ten seconds").isEqualTo(Status.DOWN);
      now.addAndGet(10);
      assertThat(health.health().getStatus()).isEqualTo(Status.UP);
    }
  }
}
