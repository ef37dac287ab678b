package io.onnxfleet.gateway.inside;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.onnxfleet.contract.fleet.FleetCertificates;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.client.HttpClient;

/**
 * By what gateway and replicas know each other. Requests are signed where the fleet has a secret.
 * Where it has certificates, replicas are connected to by TLS only, and only those that show a
 * replica's. Immutable and thread-safe.
 */
public final class FleetIdentity {

  private final RequestSigning signing;
  private final @Nullable SslContext tls;
  private final @Nullable SslContext tlsOfJobs;

  /**
   * The identity of one gateway.
   *
   * @param certificates null where the fleet has none
   * @param replicas of which names a replica's certificate has one
   * @param jobs of which names a job service's certificate has one
   */
  FleetIdentity(
      RequestSigning signing,
      @Nullable FleetCertificates certificates,
      List<String> replicas,
      List<String> jobs) {
    this.signing = signing;
    this.tls = certificates == null ? null : clientOf(certificates, replicas);
    this.tlsOfJobs = certificates == null ? null : clientOf(certificates, jobs);
  }

  private static SslContext clientOf(FleetCertificates certificates, List<String> names) {
    return new JdkSslContext(
        certificates.clientOf(names),
        true,
        null,
        IdentityCipherSuiteFilter.INSTANCE,
        ApplicationProtocolConfig.DISABLED,
        ClientAuth.NONE,
        null,
        false);
  }

  /** A client of replicas: every one that the gateway has comes from here. */
  public HttpClient clientOf(HttpClient client) {
    HttpClient signed = signing.on(client);
    SslContext known = tls;
    return known == null ? signed : signed.secure(ssl -> ssl.sslContext(known));
  }

  /** A client of the job service. */
  public HttpClient clientOfJobs(HttpClient client) {
    HttpClient signed = signing.on(client);
    SslContext known = tlsOfJobs;
    return known == null ? signed : signed.secure(ssl -> ssl.sslContext(known));
  }

  /** Whether the fleet has a secret, so that whose work something is can be said inside. */
  public boolean hasSecret() {
    return signing.hasSecret();
  }

  /** Signs a request by its headers, where the fleet has a secret. */
  public void sign(HttpHeaders headers, String method, String authority, String uri) {
    signing.sign(headers, method, authority, uri);
  }

  /** How replicas are connected to; null where they speak no TLS. */
  public @Nullable SslContext tls() {
    return tls;
  }

  /** Whether replicas speak TLS. One that registers without it is not one of the fleet then. */
  public boolean usesTls() {
    return tls != null;
  }
}
