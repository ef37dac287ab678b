package io.onnxfleet.jobs.quota;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class OwnerSharesTest {
  private static int takeAll(OwnerShares shares, String owner) {
    int taken = 0;
    while (shares.enter(owner)) {
      taken++;
    }
    return taken;
  }

  @Test
  void owners_takeAsManyAsAreFree_andLeaveSomeToTheNext() {
    OwnerShares shares = new OwnerShares(16);
    assertThat(List.of("a", "b", "c", "d", "e").stream().map(owner -> takeAll(shares, owner)))
        .containsExactly(8, 4, 2, 1, 1);
    assertThat(shares.enter("f")).isFalse();
    shares.leave("a");
    assertThat(shares.enter("a")).isFalse();
    assertThat(shares.enter("f")).isTrue();
  }

  @Test
  void theOnlyPlace_isAnybodys() {
    OwnerShares shares = new OwnerShares(1);
    assertThat(takeAll(shares, "a")).isEqualTo(1);
    assertThat(shares.enter("b")).isFalse();
    shares.leave("a");
    assertThat(takeAll(shares, "b")).isEqualTo(1);
  }
}
