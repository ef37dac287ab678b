package io.onnxfleet.gateway.security;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.onnxfleet.gateway.fleet.ModelPatterns;
import java.security.cert.X509Certificate;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.SslInfo;

/**
 * Callers that their connection's certificate vouches for, which the TLS layer has verified. One
 * caller for each subject. Safe for use by many threads; bounded.
 */
final class CertificateCallers {

  private static final int MOST_SUBJECTS = 10_000;

  private final Set<Scope> scopes;
  private final ModelPatterns models;
  private final Cache<String, VerifiedCaller> subjects =
      Caffeine.newBuilder().maximumSize(MOST_SUBJECTS).executor(Runnable::run).build();

  CertificateCallers(Set<Scope> scopes, ModelPatterns models) {
    this.scopes = scopes;
    this.models = models;
  }

  /** Null if the connection has none. */
  @Nullable VerifiedCaller of(ServerHttpRequest request) {
    SslInfo ssl = request.getSslInfo();
    X509Certificate[] chain = ssl == null ? null : ssl.getPeerCertificates();
    if (chain == null || chain.length == 0) {
      return null;
    }
    return subjects.get(
        chain[0].getSubjectX500Principal().getName(),
        subject ->
            VerifiedCaller.of(
                new Access(
                    Access.Kind.VERIFIED,
                    "certificate:" + CredentialDigest.of(subject),
                    scopes,
                    models),
                null,
                null));
  }
}
