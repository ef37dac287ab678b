package io.onnxfleet.jobs.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SigningSecretTest {

  /** The example of Standard Webhooks' libraries. */
  @Test
  void sign_isTheStandards() {
    SigningSecret secret = SigningSecret.parse("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assertThat(
            secret.sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                "{\"test\": 2432232314}".getBytes(UTF_8)))
        .isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 23, 65})
  void parse_refuses_otherLengths(int length) {
    String text = "whsec_" + Base64.getEncoder().encodeToString(new byte[length]);
    assertThatThrownBy(() -> SigningSecret.parse("the-key", text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the-key: %d bytes (expected: whsec_ and 24 to 64 bytes in Base64)", length);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa$w"})
  void refusal_doesNotTellTheSecret(String text) {
    assertThatThrownBy(() -> SigningSecret.parse("the-key", text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("the-key: ")
        .hasMessageNotContaining("MfKQ");
    assertThat(SigningSecret.parse("the-key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        .hasToString("whsec_...");
  }
}
