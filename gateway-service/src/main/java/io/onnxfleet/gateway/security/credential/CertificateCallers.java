package io.onnxfleet.gateway.security.credential;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.ModelPatterns;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.VerifiedCaller;
import io.onnxfleet.gateway.security.quota.Quota;
import io.onnxfleet.gateway.security.quota.SubjectQuotas;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.SslInfo;

/**
 * Callers that their connection's certificate vouches for, which the TLS layer has verified. One
 * caller for each subject. Safe for use by many threads; bounded.
 */
public final class CertificateCallers {

  private static final int MOST_SUBJECTS = 10_000;

  private final Set<Scope> scopes;
  private final ModelPatterns models;
  private final Quota quota;
  private final SubjectQuotas quotas;
  private final InstantSource clock;
  private final Cache<String, VerifiedCaller> subjects =
      Caffeine.newBuilder().maximumSize(MOST_SUBJECTS).executor(Runnable::run).build();

  /**
   * Knows nobody yet.
   *
   * @param quota of each subject
   */
  public CertificateCallers(
      Set<Scope> scopes,
      ModelPatterns models,
      Quota quota,
      SubjectQuotas quotas,
      InstantSource clock) {
    this.scopes = scopes;
    this.models = models;
    this.quota = quota;
    this.quotas = quotas;
    this.clock = clock;
  }

  /**
   * Null if the connection has none.
   *
   * @throws GatewayException if it has expired since: connections are kept for longer
   */
  public @Nullable VerifiedCaller of(ServerHttpRequest request) {
    SslInfo ssl = request.getSslInfo();
    X509Certificate[] chain = ssl == null ? null : ssl.getPeerCertificates();
    return chain == null || chain.length == 0 ? null : of(chain[0]);
  }

  VerifiedCaller of(X509Certificate certificate) {
    Instant expires = certificate.getNotAfter().toInstant();
    if (clock.instant().isAfter(expires)) {
      throw new GatewayException(
          ErrorCode.CREDENTIALS_EXPIRED,
          "certificate: expired at %s (expected: later)".formatted(expires));
    }
    return subjects.get(certificate.getSubjectX500Principal().getName(), this::caller);
  }

  private VerifiedCaller caller(String subject) {
    String name = "certificate:" + CredentialDigest.of(subject);
    return VerifiedCaller.of(
        new Access(Access.Kind.VERIFIED, name, scopes, models, null, quota),
        null,
        quotas.of(name, quota));
  }
}
