package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.onnxfleet.gateway.security.credential.KeyCommand;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens of an OAuth2 issuer, verified by real keys over real HTTP. */
@SuppressWarnings("JavaUtilDate") // Nimbus takes no other.
class TokenIT {

  private static RunningGateway gateway(FakeIssuer issuer, String... more) {
    String[] all = new String[more.length + 2];
    all[0] = "fleet.gateway.security.jwt.issuer=" + issuer.issuer();
    all[1] = "fleet.gateway.security.jwt.audience=" + FakeIssuer.AUDIENCE;
    System.arraycopy(more, 0, all, 2, more.length);
    return new RunningGateway(all);
  }

  private static HttpResponse<String> infer(RunningGateway gateway, String model, String token)
      throws Exception {
    return gateway.send(
        gateway
            .request("/v2/models/" + model + "/infer")
            .header("Authorization", "Bearer " + token)
            .POST(BodyPublishers.ofString("{}")));
  }

  @Test
  void token_isVerified_andItsClaimsBecomeRights() throws Exception {
    try (FakeIssuer issuer = new FakeIssuer(BrokenReplica.refusingPort()).start();
        RunningGateway gateway = gateway(issuer, "fleet.gateway.security.jwt.scope-prefix=fleet:");
        FakeReplica replica = FakeReplica.answering("r", "{}").telling("models-ready", "a:1,b:1")) {
      gateway.register(replica, "a:1", "b:1");

      String none = issuer.token(claims -> claims);
      assertThat(infer(gateway, "a", none).statusCode()).isEqualTo(403);
      String scoped = issuer.token(claims -> claims.claim("scope", "openid fleet:infer"));
      assertThat(infer(gateway, "a", scoped).statusCode()).isEqualTo(200);
      assertThat(replica.received().getFirst().headers().get("Inference-Caller"))
          .startsWith("token:")
          .doesNotContain("ann");
      String listed = issuer.token(claims -> claims.claim("scp", List.of("fleet:infer")));
      assertThat(infer(gateway, "a", listed).statusCode()).isEqualTo(200);
      assertThat(replica.received().get(1).headers().get("Inference-Caller"))
          .isEqualTo(replica.received().getFirst().headers().get("Inference-Caller"));

      String limited =
          issuer.token(
              claims ->
                  claims.claim("scope", "fleet:infer").claim("models", List.of("a*")).subject("x"));
      assertThat(infer(gateway, "a", limited).statusCode()).isEqualTo(200);
      assertThat(infer(gateway, "b", limited).statusCode()).isEqualTo(403);
      assertThat(issuer.keySets()).isEqualTo(1);
      // What was verified needs its issuer no more.
      issuer.goAway();
      assertThat(infer(gateway, "a", scoped).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void quota_isTheSubjects_byItsClaim_orByConfiguration() throws Exception {
    String quotas = "fleet.gateway.security.quotas.";
    try (FakeIssuer issuer = new FakeIssuer(BrokenReplica.refusingPort()).start();
        RunningGateway gateway =
            gateway(
                issuer,
                quotas + "usual.requests-per-minute=2",
                quotas + "gold.requests-per-minute=4",
                "fleet.gateway.security.jwt.quota=usual",
                "fleet.gateway.security.jwt.quota-claim=plan");
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "a:1");
      // Another token of the same subject is no other quota.
      String first = issuer.token(claims -> claims);
      String second = issuer.token(claims -> claims.claim("jti", "2"));
      assertThat(infer(gateway, "a", first).statusCode()).isEqualTo(200);
      assertThat(infer(gateway, "a", second).statusCode()).isEqualTo(200);
      for (String token : List.of(first, second, issuer.token(claims -> claims.jwtID("3")))) {
        HttpResponse<String> refused = infer(gateway, "a", token);
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("requests_per_minute: used up (expected: <= 2");
        assertThat(refused.headers().firstValueAsLong("Retry-After").orElse(0)).isBetween(1L, 30L);
      }
      String gold = issuer.token(claims -> claims.subject("bob").claim("plan", "gold"));
      String own =
          issuer.token(
              claims -> claims.subject("eve").claim("plan", Map.of("requests_per_minute", 3)));
      assertThat(served(gateway, gold)).isEqualTo(4);
      assertThat(served(gateway, own)).isEqualTo(3);
      assertThat(replica.received()).hasSize(9);

      assertRefused(
          gateway,
          issuer.token(claims -> claims.claim("plan", "platinum")),
          "plan: 'platinum' (expected: one of [gold, usual])");
      assertThat(replica.received()).hasSize(9);
    }
  }

  private static int served(RunningGateway gateway, String token) throws Exception {
    int served = 0;
    while (infer(gateway, "a", token).statusCode() == 200) {
      served++;
    }
    return served;
  }

  @Test
  void start_fails_whenTheQuotaOfTokensIsNotThere() throws Exception {
    FakeIssuer issuer = new FakeIssuer(BrokenReplica.refusingPort());
    assertThatThrownBy(() -> gateway(issuer, "fleet.gateway.security.jwt.quota=gold"))
        .hasStackTraceContaining(
            "fleet.gateway.security.jwt.quota: 'gold' (expected: empty, or one of quotas, [])");
  }

  @Test
  void token_is401_whenAnythingIsWrongWithIt() throws Exception {
    try (FakeIssuer issuer = new FakeIssuer(BrokenReplica.refusingPort()).start();
        RunningGateway gateway = gateway(issuer);
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "a:1");
      Date past = Date.from(Instant.now().minusSeconds(3600));
      Date later = Date.from(Instant.now().plusSeconds(3600));
      JWTClaimsSet claims = SignedJWT.parse(issuer.token(right -> right)).getJWTClaimsSet();
      SignedJWT symmetric =
          new SignedJWT(
              new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(issuer.key().getKeyID()).build(),
              claims);
      symmetric.sign(new MACSigner(issuer.key().toRSAPublicKey().getEncoded()));
      String right = issuer.token(any -> any);

      assertRefused(gateway, issuer.token(any -> any.issuer("http://other.example")), "iss");
      assertRefused(gateway, issuer.token(any -> any.audience("others")), "aud: [others]");
      assertRefused(
          gateway, issuer.token(any -> any.issueTime(null).expirationTime(past)), "expired");
      assertRefused(gateway, issuer.token(any -> any.expirationTime(null)), "exp: none");
      assertRefused(gateway, issuer.token(any -> any.notBeforeTime(later)), "before");
      assertRefused(gateway, issuer.forged(), "token: ");
      assertRefused(gateway, symmetric.serialize(), "token: ");
      assertRefused(gateway, new PlainJWT(claims).serialize(), "token: ");
      assertRefused(gateway, right.substring(0, right.lastIndexOf('.') + 1), "token: ");
      assertRefused(gateway, right + "A", "");
      assertRefused(gateway, "not.a.token", "");
      assertThat(replica.received()).isEmpty();
      assertThat(infer(gateway, "a", right).statusCode()).isEqualTo(200);
    }
  }

  private static void assertRefused(RunningGateway gateway, String token, String reason)
      throws Exception {
    HttpResponse<String> answer = infer(gateway, "a", token);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(401);
    assertThat(answer.body()).startsWith("{\"error\":").contains(reason);
    assertThat(answer.headers().firstValue("WWW-Authenticate"))
        .contains("Bearer error=\"invalid_token\"");
  }

  @Test
  void gateway_startsAndServesKeys_whileItsIssuerIsAway(@TempDir Path folder) throws Exception {
    Path keys = folder.resolve("keys");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    KeyCommand.run(
        List.of("team", "--file", keys.toString()),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        System.err);
    String key = out.toString(StandardCharsets.UTF_8).strip();
    FakeIssuer issuer = new FakeIssuer(BrokenReplica.refusingPort());
    try (issuer;
        RunningGateway gateway = gateway(issuer, "fleet.gateway.security.keys=" + keys);
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "a:1");
      String token = issuer.token(claims -> claims);

      assertThat(infer(gateway, "a", key).statusCode()).isEqualTo(200);
      HttpResponse<String> unknown = infer(gateway, "a", token);
      assertThat(unknown.statusCode()).isEqualTo(503);
      assertThat(unknown.headers().firstValue("Retry-After")).isPresent();
      assertThat(infer(gateway, "a", key).statusCode()).isEqualTo(200);

      issuer.start();
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .pollInterval(Duration.ofMillis(500))
          .until(() -> infer(gateway, "a", token).statusCode() == 200);

      // A new key of its issuer is found, and invented ones do not make it ask each time.
      issuer.rotate("second");
      String rotated = issuer.token(claims -> claims.subject("bob"));
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .pollInterval(Duration.ofMillis(500))
          .until(() -> infer(gateway, "a", rotated).statusCode() == 200);
      int asked = issuer.keySets();
      issuer.rotate("third");
      String unseen = issuer.token(claims -> claims);
      issuer.rotate("fourth");
      for (int i = 0; i < 20; i++) {
        assertThat(infer(gateway, "a", unseen).statusCode()).isEqualTo(401);
      }
      assertThat(issuer.keySets()).isLessThanOrEqualTo(asked + 2);
    }
  }
}
