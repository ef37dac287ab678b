package io.onnxfleet.gateway;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;

/** An OAuth2 issuer over real HTTP: shows its metadata and its public keys, and signs tokens. */
@SuppressWarnings("JavaUtilDate") // Nimbus takes no other.
final class FakeIssuer implements AutoCloseable {

  static final String AUDIENCE = "onnx-fleet";

  private final int port;
  private final AtomicInteger keySets = new AtomicInteger();
  private volatile RSAKey key;
  private @Nullable DisposableServer server;

  /** Not there yet. */
  FakeIssuer(int port) throws JOSEException {
    this.port = port;
    this.key = newKey("first");
  }

  private static RSAKey newKey(String id) throws JOSEException {
    return new RSAKeyGenerator(2048).keyID(id).algorithm(JWSAlgorithm.RS256).generate();
  }

  FakeIssuer start() {
    server =
        LocalServer.onAnyPort()
            .port(port)
            .route(
                routes ->
                    routes
                        .get(
                            "/realm/.well-known/openid-configuration",
                            (request, response) ->
                                response.sendString(
                                    Mono.just(
                                        "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\"}"
                                            .formatted(issuer(), issuer()))))
                        .get(
                            "/realm/keys",
                            (request, response) -> {
                              keySets.incrementAndGet();
                              return response.sendString(
                                  Mono.just(new JWKSet(key.toPublicJWK()).toString()));
                            }))
            .bindNow();
    return this;
  }

  String issuer() {
    return "http://127.0.0.1:" + port + "/realm";
  }

  /** How often its keys were fetched. */
  int keySets() {
    return keySets.get();
  }

  void rotate(String id) throws JOSEException {
    key = newKey(id);
  }

  /** A token that is right but for the change. */
  String token(UnaryOperator<JWTClaimsSet.Builder> change) throws JOSEException {
    return token(key, change);
  }

  /** The same, signed with another key of the same name. */
  String forged() throws JOSEException {
    return token(newKey(key.getKeyID()), claims -> claims);
  }

  private String token(RSAKey signing, UnaryOperator<JWTClaimsSet.Builder> change)
      throws JOSEException {
    JWTClaimsSet claims =
        change
            .apply(
                new JWTClaimsSet.Builder()
                    .issuer(issuer())
                    .audience(List.of(AUDIENCE, "others"))
                    .subject("ann")
                    .claim("scope", "openid infer")
                    .issueTime(new Date())
                    .expirationTime(Date.from(Instant.now().plusSeconds(600))))
            .build();
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256)
                .keyID(signing.getKeyID())
                .type(JOSEObjectType.JWT)
                .build(),
            claims);
    token.sign(new RSASSASigner(signing));
    return token.serialize();
  }

  RSAKey key() {
    return key;
  }

  @Override
  public void close() {
    goAway();
  }

  void goAway() {
    if (server != null) {
      server.disposeNow();
      server = null;
    }
  }
}
