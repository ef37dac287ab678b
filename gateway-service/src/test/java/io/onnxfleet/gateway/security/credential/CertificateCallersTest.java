package io.onnxfleet.gateway.security.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.ModelPatterns;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.quota.Quota;
import io.onnxfleet.gateway.security.quota.QuotaShare;
import io.onnxfleet.gateway.security.quota.SubjectQuotas;
import io.onnxfleet.testing.process.Keytool;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateCallersTest {

  private static final String PASSWORD = "changeit";

  @TempDir private static Path folder;

  private Instant now = Instant.now();
  private final CertificateCallers callers =
      new CertificateCallers(
          Set.of(Scope.INFER),
          ModelPatterns.ALL,
          Quota.NONE,
          new SubjectQuotas(new QuotaShare(() -> 1), 10, () -> 0),
          () -> now);

  private static X509Certificate certificate() throws Exception {
    Path store = folder.resolve("client.p12");
    Keytool.selfSigned(store, PASSWORD, "client");
    return (X509Certificate)
        KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray()).getCertificate("client");
  }

  /** Its connection may be kept for ever. */
  @Test
  void certificate_isACredential_untilItExpires() throws Exception {
    X509Certificate certificate = certificate();
    Instant expires = certificate.getNotAfter().toInstant();
    now = expires;
    assertThat(callers.of(certificate).access().caller()).startsWith("certificate:");

    now = expires.plusMillis(1);

    assertThatThrownBy(() -> callers.of(certificate))
        .isInstanceOfSatisfying(
            GatewayException.class,
            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.CREDENTIALS_EXPIRED))
        .hasMessage("certificate: expired at " + expires + " (expected: later)");
  }
}
