package io.onnxfleet.contract.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkOwnerTest {

  private static final List<Long> NO_BOUND = List.of(0L, 0L, 0L, 0L);

  @Test
  void owner_isReadAsItIsWritten() {
    for (WorkOwner owner :
        List.of(
            WorkOwner.named("key:alice"),
            new WorkOwner(
                "k;e,y\n%", true, List.of("infer", "jobs"), List.of("a;b", "*,", "c"), 7, NO_BOUND),
            new WorkOwner(
                "token:1", false, List.of(), List.of("m*"), 0, List.of(1L, 2L, 3L, 4L)))) {
      String header = owner.write();
      assertThat(header).matches("[!-~]+");
      assertThat(WorkOwner.read(header)).isEqualTo(owner);
    }
  }

  @Test
  void read_refuses_whatIsNoOwner() {
    for (String wrong :
        List.of("", "alice", "a;-;;;0", "a;-;;;x;0,0,0,0", ";-;;;0;0,0,0,0", "a;-;;;0;0")) {
      assertThatThrownBy(() -> WorkOwner.read(wrong))
          .as(wrong)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void write_refuses_whatFitsNoHead() {
    WorkOwner owner =
        new WorkOwner("a", false, List.of(), Collections.nCopies(1000, "model-name"), 0, NO_BOUND);
    assertThatThrownBy(owner::write).hasMessageContaining("models of these credentials");
  }
}
