package io.onnxfleet.contract.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FleetSecretTest {

  private static final String TEXT = "0123456789abcdef0123456789abcdef";
  private static final String AT = "10.0.0.7:8081";
  private static final String PATH = "/v2/models/a/infer?x=1";
  private static final long NOW = 1_700_000_000_000L;

  private final FleetSecret secret = FleetSecret.of(TEXT);
  private final String signature = secret.sign("POST", AT, PATH, NOW);

  private String complaint(String method, String path, String self, long now) {
    return String.valueOf(secret.complaint(signature, method, path, self::equals, now));
  }

  @Test
  void signature_isGood_forItsRequestAtItsReplicaInItsTime() {
    assertThat(secret.complaint(signature, "POST", PATH, AT::equals, NOW)).isNull();
    assertThat(secret.complaint(signature, "POST", PATH, AT::equals, NOW + 60_000)).isNull();
    assertThat(secret.complaint(signature, "POST", PATH, AT::equals, NOW - 60_000)).isNull();
    assertThat(
            FleetSecret.of(" " + TEXT + "\n").complaint(signature, "POST", PATH, AT::equals, NOW))
        .isNull();
  }

  @Test
  void signature_isGoodForNothingElse() {
    assertThat(complaint("GET", PATH, AT, NOW)).startsWith("wrong");
    assertThat(complaint("POST", "/v2/models/b/infer?x=1", AT, NOW)).startsWith("wrong");
    assertThat(complaint("POST", "/v2/models/a/infer", AT, NOW)).startsWith("wrong");
    assertThat(complaint("POST", PATH, "10.0.0.8:8081", NOW)).startsWith("for 10.0.0.7:8081");
    assertThat(complaint("POST", PATH, AT, NOW + 60_001)).startsWith("60001 ms old");
    assertThat(complaint("POST", PATH, AT, NOW - 60_001)).startsWith("-60001 ms old");
  }

  @Test
  void signature_ofAnotherSecret_isRefused() {
    String other = FleetSecret.of("another-secret-of-32-characters!").sign("POST", AT, PATH, NOW);
    assertThat(secret.complaint(other, "POST", PATH, AT::equals, NOW)).startsWith("wrong");
    assertThat(secret.complaint(null, "POST", PATH, AT::equals, NOW)).startsWith("missing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "v1", "v1 1 a", "v2 1 a b", "v1 x 10.0.0.7:8081 AAAA", "v1 1 a b c"})
  void whatIsNoSignature_isRefused(String malformed) {
    assertThat(secret.complaint(malformed, "POST", PATH, AT::equals, NOW)).isNotNull();
  }

  @Test
  void everyCharacterOfASignature_counts() {
    for (int index = 0; index < signature.length(); index++) {
      char changed = signature.charAt(index) == '1' ? '2' : '1';
      String forged = signature.substring(0, index) + changed + signature.substring(index + 1);
      assertThat(secret.complaint(forged, "POST", PATH, AT::equals, NOW)).as(forged).isNotNull();
    }
  }

  @Test
  void secret_isNotInWhatLeavesTheProcess() {
    assertThat(signature).doesNotContain(TEXT).matches("[ -~]+");
    assertThat(secret.registryPassword()).doesNotContain(TEXT).hasSizeGreaterThan(40);
    assertThat(secret.toString()).isEqualTo("FleetSecret");
    // The registry's password signs nothing.
    assertThat(FleetSecret.of(secret.registryPassword()).sign("POST", AT, PATH, NOW))
        .isNotEqualTo(signature);
  }

  @Test
  void secret_isRefused_whenItCouldBeGuessed() {
    assertThatThrownBy(() -> FleetSecret.of("secret"))
        .hasMessageContaining("6 characters (expected: at least 32")
        .hasMessageNotContaining("secret\"");
  }

  @Test
  void hosts_areTheSame_howeverTheyAreWritten() {
    assertThat(FleetSecret.isSameHost("[::1]", "0:0:0:0:0:0:0:1")).isTrue();
    assertThat(FleetSecret.isSameHost("10.0.0.7", "10.0.0.7")).isTrue();
    assertThat(FleetSecret.isSameHost("Replica", "replica")).isTrue();
    assertThat(FleetSecret.isSameHost("10.0.0.7", "10.0.0.8")).isFalse();
    assertThat(FleetSecret.isSameHost("replica", "10.0.0.8")).isFalse();
    assertThat(FleetSecret.isSameHost("[fe80::1]", "fe80:0:0:0:0:0:0:1")).isTrue();
    assertThat(FleetSecret.isSameHost("::ffff:10.0.0.7", "10.0.0.7")).isTrue();
  }

  /** A look-up would let whoever names a host hold the thread that checks it. */
  @Test
  void hosts_areNotLookedUp() {
    assertThat(FleetSecret.isSameHost("localhost", "127.0.0.1")).isFalse();
    assertThat(FleetSecret.isSameHost("dead.beef", "10.0.0.7")).isFalse();
    assertThat(FleetSecret.isSameHost("10", "0.0.0.10")).isFalse();
    assertThat(FleetSecret.isSameHost("999.0.0.7", "10.0.0.7")).isFalse();
    assertThat(FleetSecret.isSameHost("zz:1", "10.0.0.7")).isFalse();
    assertThat(FleetSecret.isSameHost("ab:zz", "10.0.0.7")).isFalse();
    assertThat(FleetSecret.isSameHost("", "10.0.0.7")).isFalse();
  }

  @Test
  void signature_holdsForItsOwnerAlone() {
    String signature = secret.sign("POST", "host:1", "/x", "alice", NOW);
    assertThat(secret.complaint(signature, "POST", "/x", "alice", any -> true, NOW)).isNull();
    for (String other : new String[] {"bob", "", null}) {
      assertThat(secret.complaint(signature, "POST", "/x", other, any -> true, NOW))
          .as("%s", other)
          .startsWith("wrong");
    }
    String ofNobody = secret.sign("POST", "host:1", "/x", NOW);
    assertThat(secret.complaint(ofNobody, "POST", "/x", "alice", any -> true, NOW))
        .startsWith("wrong");
  }
}
