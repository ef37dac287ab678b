package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** Certificates as {@code ./fleet tls} makes them, and both sides of a connection with them. */
final class TestCertificates {
  private static final Path MAKER =
      Path.of(System.getProperty("fleet.root", ".."), "build", "DevCertificates.java");

  private TestCertificates() {}

  /**
   * Makes one for each name, by the authority that lies in the folder or a new one.
   *
   * @param days that they hold; below 0, since when they do not
   * @return the folder, with one for each name
   */
  static Path make(Path folder, int days, String... names)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    Collections.addAll(
        command,
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        MAKER.toString(),
        folder.toString(),
        "--days",
        Integer.toString(days));
    Collections.addAll(command, names);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return folder;
  }

  /**
   * For either side of a connection.
   *
   * @param own folder of the certificate that is shown, whatever the other side asks for; null for
   *     none
   * @param trusted folder with the authority of those that are believed
   */
  static SSLContext context(@Nullable Path own, Path trusted)
      throws IOException, GeneralSecurityException {
    KeyStore authorities = empty();
    for (Certificate authority : certificates(trusted.resolve("ca.crt"))) {
      authorities.setCertificateEntry("authority" + authorities.size(), authority);
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(authorities);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own == null ? null : new KeyManager[] {keys(own)}, trust.getTrustManagers(), null);
    return context;
  }

  static X509Certificate certificate(Path folder) throws IOException, GeneralSecurityException {
    return (X509Certificate) certificates(folder.resolve("tls.crt")).getFirst();
  }

  private static List<Certificate> certificates(Path file)
      throws IOException, GeneralSecurityException {
    try (InputStream in = Files.newInputStream(file)) {
      return List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(in));
    }
  }

  private static KeyStore empty() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static KeyManager keys(Path own) throws IOException, GeneralSecurityException {
    String pem = Files.readString(own.resolve("tls.key")).replaceAll("-----[A-Z ]+-----|\\s", "");
    PrivateKey key =
        KeyFactory.getInstance("EC")
            .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    KeyStore store = empty();
    store.setKeyEntry("own", key, new char[0], new Certificate[] {certificate(own)});
    KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
    factory.init(store, new char[0]);
    return new Shown((X509ExtendedKeyManager) factory.getKeyManagers()[0]);
  }

  /** Shows its certificate to servers that ask for those of other authorities too. */
  private static final class Shown extends X509ExtendedKeyManager {
    private final X509ExtendedKeyManager keys;

    Shown(X509ExtendedKeyManager keys) {
      this.keys = keys;
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return keys.chooseClientAlias(keyTypes, null, socket);
    }

    @Override
    public @Nullable String chooseEngineClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return keys.chooseEngineClientAlias(keyTypes, null, engine);
    }

    @Override
    public @Nullable String chooseServerAlias(
        String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return keys.chooseServerAlias(keyType, null, socket);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
        String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return keys.chooseEngineServerAlias(keyType, null, engine);
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
      return keys.getCertificateChain(alias);
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
      return keys.getPrivateKey(alias);
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
      return keys.getClientAliases(keyType, null);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
      return keys.getServerAliases(keyType, null);
    }
  }
}
