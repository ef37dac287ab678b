package io.onnxfleet.gateway.steps;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.Server;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CallsTest {

  /** A compiler cannot ask for them: a text task has no line here. */
  @ParameterizedTest
  @EnumSource
  void question_isKnown_ofEveryCallThatTheGatewayAnswersForTheFleet(ApiCall call) {
    boolean ofGateway =
        call.server() == Server.WHOLE_FLEET
            || (call.server() == Server.GATEWAY && call != ApiCall.EMBEDDINGS_QUERY);
    ApiCall.Asked asked = new ApiCall.Asked(call, "m", null);
    if (ofGateway) {
      assertThatCode(() -> Calls.question(asked)).doesNotThrowAnyException();
    } else {
      assertThatThrownBy(() -> Calls.question(asked)).isInstanceOf(IllegalArgumentException.class);
    }
  }
}
