package io.onnxfleet.gateway.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import org.junit.jupiter.api.Test;

class PlacesTest {

  private static void assertRefused(Places places, String caller) {
    assertThatThrownBy(() -> places.enter(caller))
        .isInstanceOf(GatewayException.class)
        .extracting(refusal -> ((GatewayException) refusal).code())
        .isEqualTo(ErrorCode.GATEWAY_OVERLOADED);
  }

  @Test
  void lastQuarter_isForThoseWhoHaveNone() {
    Places places = new Places("calls are under way", 8);
    Places.Place last = places.enter("alice");
    for (int more = 1; more < 6; more++) {
      places.enter("alice");
    }
    assertRefused(places, "alice");

    places.enter("bob");
    assertRefused(places, "bob");
    Places.Place carols = places.enter("carol");
    assertRefused(places, "dave");

    carols.leave();
    assertThat(places.enter("dave")).isNotNull();
    last.leave();
    assertRefused(places, "alice");
    assertThat(places.enter("carol")).isNotNull();
  }

  @Test
  void few_areNotShared() {
    Places places = new Places("calls are under way", 3);
    for (int place = 0; place < 3; place++) {
      places.enter("alice");
    }
    assertRefused(places, "bob");
  }
}
