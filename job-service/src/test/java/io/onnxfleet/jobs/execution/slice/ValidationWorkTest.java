package io.onnxfleet.jobs.execution.slice;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.batch.BatchStatus;
import io.onnxfleet.jobs.batch.BatchesInMemory;
import io.onnxfleet.jobs.execution.BusyException;
import io.onnxfleet.jobs.execution.Pauses;
import io.onnxfleet.jobs.lines.InputCheck;
import io.onnxfleet.jobs.quota.OwnerShares;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ValidationWorkTest {
  private static final byte[] INPUT =
      "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{}}\n"
          .getBytes(UTF_8);

  private final OwnerShares shares = new OwnerShares(2);
  @TempDir private Path folder;
  private BatchesInMemory batches;
  private ValidationWork work;

  @BeforeEach
  void start() throws IOException {
    ObjectStore store = new ObjectStore(folder, 0, new Names());
    batches = new BatchesInMemory(store);
    work =
        new ValidationWork(
            batches.batches(),
            store,
            new InputCheck(10, 1000, 10, 1000),
            shares,
            new Pauses(),
            InstantSource.system());
  }

  private BatchStatus status(String id) {
    return batches.batches().find(id).orElseThrow().status();
  }

  @Test
  void inputsOfOneOwner_leavePlacesToOthers() throws Exception {
    assertThat(shares.enter("alice")).isTrue();
    String hers = batches.add("alice", INPUT);
    String his = batches.add("bob", INPUT);
    assertThatThrownBy(() -> work.run(hers)).isInstanceOf(BusyException.class);
    assertThat(status(hers)).isEqualTo(BatchStatus.VALIDATING);
    work.run(his);
    assertThat(status(his)).isEqualTo(BatchStatus.IN_PROGRESS);
    shares.leave("alice");
    work.run(hers);
    assertThat(status(hers)).isEqualTo(BatchStatus.IN_PROGRESS);
    assertThat(shares.enter("carol")).as("no place is kept").isTrue();
    assertThat(shares.enter("dave")).isTrue();
  }

  @Test
  void cancelled_ends_withoutAPlace() throws Exception {
    assertThat(shares.enter("alice")).isTrue();
    String id = batches.add("alice", INPUT);
    batches.batches().cancel(id, WorkOwner.named("alice"));
    work.run(id);
    assertThat(status(id)).isEqualTo(BatchStatus.CANCELLED);
  }
}
