package io.onnxfleet.jobs.quota;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.jobs.MemoryDatabase;
import io.onnxfleet.jobs.failure.JobException;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class QuotasTest {
  private final MemoryDatabase database = MemoryDatabase.make();

  private Quotas quotas(Map<String, String> properties) {
    Quotas quotas = new Quotas(database.client(), MemoryDatabase.properties(properties));
    for (String owner : new String[] {"alice", "bob", "alice"}) {
      quotas.know(owner);
    }
    return quotas;
  }

  private static void requireRefused(ErrorCode code, String message, Runnable asked) {
    assertThatThrownBy(asked::run)
        .hasMessage(message)
        .asInstanceOf(InstanceOfAssertFactories.type(JobException.class))
        .extracting(JobException::code)
        .isEqualTo(code);
  }

  @Test
  void openBatches_countForTheirOwner_untilTheyEnd() {
    Quotas quotas = quotas(Map.of("max-open-batches", "2"));
    database.addBatch("b1", "alice", "f", "validating");
    database.addEndedBatch("b2", "alice", "f", "", 1);
    assertThatCode(() -> quotas.requireBatch("alice")).doesNotThrowAnyException();
    database.addBatch("b3", "alice", "f", "in_progress");
    requireRefused(
        ErrorCode.QUOTA_EXCEEDED,
        "2 of your batches have not ended (expected: < 2, to add one)",
        () -> quotas.requireBatch("alice"));
    assertThatCode(() -> quotas.requireBatch("bob")).doesNotThrowAnyException();
  }

  @Test
  void bytes_areBounded_ofAnOwner_andOfAll() {
    database.addFile("f1", "alice", 60, 1, "o1");
    database.addFile("f2", "bob", 30, 1, "o2");
    Quotas quotas = quotas(Map.of("max-owner-size", "100B", "max-store-size", "110B"));
    assertThatCode(() -> quotas.requireRoom("alice", 20)).doesNotThrowAnyException();
    requireRefused(
        ErrorCode.QUOTA_EXCEEDED,
        "you keep 60 bytes, and 41 more are too many (expected: <= 100; delete some files)",
        () -> quotas.requireRoom("alice", 41));
    requireRefused(
        ErrorCode.STORE_FULL,
        "90 bytes are kept, and 21 more are too many (expected: <= 110)",
        () -> quotas.requireRoom("bob", 21));
    database.addJob("j1", "r1", null, null);
    assertThat(quotas.sizeOfAll()).isEqualTo(100);
    requireRefused(
        ErrorCode.QUOTA_EXCEEDED,
        "you keep 70 bytes, and 31 more are too many (expected: <= 100; delete some files)",
        () -> quotas.requireRoom("alice", 31));
    requireRefused(
        ErrorCode.STORE_FULL,
        "100 bytes are kept, and 11 more are too many (expected: <= 110)",
        () -> quotas.requireRoom("bob", 11));
  }

  @Test
  void nothingIsBounded_byDefault() {
    database.addFile("f1", "alice", Long.MAX_VALUE / 2, 1, "o1");
    Quotas quotas = quotas(Map.of());
    assertThatCode(() -> quotas.requireRoom("alice", Long.MAX_VALUE / 2))
        .doesNotThrowAnyException();
    assertThatCode(() -> quotas.requireBatch("alice")).doesNotThrowAnyException();
  }
}
