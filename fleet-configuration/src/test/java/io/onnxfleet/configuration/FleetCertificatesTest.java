package io.onnxfleet.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.fleet.FleetCertificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;

/** Real handshakes with certificates as {@code ./fleet tls} makes them. */
class FleetCertificatesTest {

  private static final List<String> REPLICA = List.of("inference-service");

  @TempDir private static Path folder;
  private static SslBundle gateway;
  private static SslBundle replica;
  private static SslBundle otherGateway;
  private static SslBundle otherReplica;
  private static SslBundle expiredReplica;
  private static SslBundle spiffe;

  @BeforeAll
  static void makesCertificates() throws Exception {
    String uri = "spiffe://fleet.example/replica";
    Path ours = make("ours", 3, "gateway-service", "inference-service", uri);
    gateway = bundle(ours.resolve("gateway-service"));
    replica = bundle(ours.resolve("inference-service"));
    spiffe = bundle(ours.resolve("spiffe_fleet.example_replica"));
    Files.createDirectory(folder.resolve("late"));
    Files.copy(ours.resolve("ca.p12"), folder.resolve("late/ca.p12"));
    expiredReplica = bundle(make("late", -1, "inference-service").resolve("inference-service"));
    Path others = make("others", 3, "gateway-service", "inference-service");
    otherGateway = bundle(others.resolve("gateway-service"));
    otherReplica = bundle(others.resolve("inference-service"));
  }

  private static Path make(String name, int days, String... certificates) throws Exception {
    List<String> command = new ArrayList<>();
    Collections.addAll(
        command,
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        Path.of("..", "build", "DevCertificates.java").toString(),
        folder.resolve(name).toString(),
        "--days",
        Integer.toString(days));
    Collections.addAll(command, certificates);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return folder.resolve(name);
  }

  private static SslBundle bundle(Path own) {
    return SslBundle.of(
        new PemSslStoreBundle(
            PemSslStoreDetails.forCertificate(own.resolve("tls.crt").toUri().toString())
                .withPrivateKey(own.resolve("tls.key").toUri().toString()),
            PemSslStoreDetails.forCertificate(own.resolve("ca.crt").toUri().toString())));
  }

  private static X509ExtendedKeyManager keys(SslBundle bundle) {
    for (KeyManager manager : bundle.getManagers().getKeyManagers()) {
      if (manager instanceof X509ExtendedKeyManager keys) {
        return keys;
      }
    }
    throw new AssertionError("no key");
  }

  private static X509TrustManager authority(SslBundle bundle) {
    return (X509TrustManager) bundle.getManagers().getTrustManagers()[0];
  }

  private static FleetCertificates certificates(SslBundle bundle) {
    return new FleetCertificates(keys(bundle), authority(bundle));
  }

  /** What each side of a connection knows of the other. */
  private record Met(Certificate server, @Nullable Certificate client) {}

  /** The server wants a certificate, as replicas do, and does without. */
  private static Met meet(SSLContext client, SslBundle server) throws Exception {
    try (SSLServerSocket listening =
        (SSLServerSocket)
            server
                .createSslContext()
                .getServerSocketFactory()
                .createServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      listening.setWantClientAuth(true);
      CompletableFuture<@Nullable Certificate> seen =
          CompletableFuture.supplyAsync(
              () -> {
                try (SSLSocket accepted = (SSLSocket) listening.accept()) {
                  accepted.startHandshake();
                  accepted.getInputStream().read();
                  return peer(accepted.getSession());
                } catch (IOException failure) {
                  throw new IllegalStateException(failure);
                }
              });
      try (SSLSocket socket =
          (SSLSocket)
              client
                  .getSocketFactory()
                  .createSocket(InetAddress.getLoopbackAddress(), listening.getLocalPort())) {
        socket.startHandshake();
        Certificate ofServer = peer(socket.getSession());
        socket.getOutputStream().write(1);
        assertThat(ofServer).isNotNull();
        return new Met(ofServer, seen.get());
      } catch (ExecutionException failure) {
        throw new IOException("the server refused", failure);
      }
    }
  }

  private static @Nullable Certificate peer(SSLSession session) {
    try {
      return session.getPeerCertificates()[0];
    } catch (SSLException none) {
      return null;
    }
  }

  private static Certificate own(SslBundle bundle) throws Exception {
    return Objects.requireNonNull(bundle.getStores().getKeyStore()).getCertificate("ssl");
  }

  @Test
  void client_showsItsCertificate_andTakesTheNameItExpects_whereverItIs() throws Exception {
    Met met = meet(certificates(gateway).clientOf(REPLICA), replica);
    assertThat(met.server()).isEqualTo(own(replica));
    assertThat(met.client()).isEqualTo(own(gateway));

    List<String> several = List.of("other", URI.create("spiffe://fleet.example/replica") + "");
    assertThat(meet(certificates(gateway).clientOf(several), spiffe).server())
        .isEqualTo(own(spiffe));
  }

  @Test
  void client_refusesOtherNamesAuthoritiesAndTimes() {
    SSLContext client = certificates(gateway).clientOf(REPLICA);
    assertThatThrownBy(() -> meet(client, gateway))
        .hasMessageContaining("for [gateway-service, localhost] (expected: for inference-service)");
    // Loopback's own name and address are in it, too.
    assertThatThrownBy(() -> meet(client, spiffe)).hasMessageContaining("expected: for inference");
    assertThatThrownBy(() -> meet(client, otherReplica)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> meet(client, expiredReplica)).isInstanceOf(IOException.class);
  }

  @Test
  void server_refusesACertificateOfAnotherAuthority() {
    // It believes our server, and has a certificate that our authority did not give.
    FleetCertificates mixed = new FleetCertificates(keys(otherGateway), authority(gateway));
    assertThatThrownBy(() -> meet(mixed.clientOf(REPLICA), replica))
        .isInstanceOf(IOException.class);
  }

  @Test
  void renewedCertificates_countFromTheNextConnectionOn_andNoSessionIsResumed() throws Exception {
    FleetCertificates renewed = certificates(gateway);
    SSLContext client = renewed.clientOf(REPLICA);
    assertThat(meet(client, replica).client()).isEqualTo(own(gateway));

    renewed.renew(keys(otherGateway), authority(otherGateway));
    assertThat(meet(client, otherReplica).client()).isEqualTo(own(otherGateway));
    assertThatThrownBy(() -> meet(client, replica)).isInstanceOf(IOException.class);
    assertThat(client.getClientSessionContext().getSessionTimeout()).isEqualTo(1);

    renewed.renew(keys(gateway), authority(gateway));
    assertThat(meet(client, replica).client()).isEqualTo(own(gateway));
  }

  @Test
  void complaint_saysWhatIsWrongNow() throws Exception {
    X509Certificate certificate = (X509Certificate) own(gateway);
    X509Certificate[] chain = {certificate};
    List<String> names = List.of("gateway-service");
    Instant now = Instant.now();
    assertThat(FleetCertificates.complaint(chain, names, now)).isNull();
    assertThat(FleetCertificates.complaint(chain, List.of("x", "GATEWAY-service"), now)).isNull();
    assertThat(FleetCertificates.complaint(chain, List.of("gateway"), now))
        .contains("for [gateway-service, localhost] (expected: for gateway)");
    // Addresses are no names.
    assertThat(FleetCertificates.complaint(chain, List.of("127.0.0.1"), now)).isNotNull();
    assertThat(FleetCertificates.complaint(null, names, now)).startsWith("none (expected");
    assertThat(FleetCertificates.complaint(new X509Certificate[0], names, now)).startsWith("none");
    Instant end = certificate.getNotAfter().toInstant();
    assertThat(FleetCertificates.complaint(chain, names, end.plusSeconds(1)))
        .isEqualTo("expired at " + end);
    Instant begin = certificate.getNotBefore().toInstant();
    assertThat(FleetCertificates.complaint(chain, names, begin.minus(Duration.ofDays(1))))
        .isEqualTo("not valid before " + begin);
  }
}
