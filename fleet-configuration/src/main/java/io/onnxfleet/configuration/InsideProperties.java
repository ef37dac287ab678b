package io.onnxfleet.configuration;

import io.onnxfleet.contract.fleet.FleetCertificates;
import io.onnxfleet.contract.fleet.FleetSecret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;

/**
 * What the processes of a fleet know each other by.
 *
 * @param secret shared by gateways, replicas, registries and job services, at least 32 characters;
 *     without it, and without certificates, each of them lets everybody in
 * @param secretFile a file that holds it, read at the start
 * @param tls certificates, beside the secret or in its place
 */
@ConfigurationProperties(prefix = "fleet")
public record InsideProperties(
    @Nullable String secret, @Nullable Path secretFile, @DefaultValue Tls tls) {

  /**
   * By which certificates the processes of a fleet know each other.
   *
   * @param bundle the SSL bundle with this process's certificate, its key and the fleet's
   *     authority; empty for none. The profile {@code mutual-tls} makes one and names it
   * @param directory where that profile finds {@code tls.crt}, {@code tls.key} and {@code ca.crt}
   * @param gateways of which names a gateway's certificate has one (DNS or URI)
   * @param replicas of which names a replica's certificate has one
   * @param registries of which names a registry's certificate has one
   * @param jobs of which names a job service's certificate has one
   */
  public record Tls(
      @DefaultValue("") String bundle,
      @DefaultValue("/etc/fleet/tls") Path directory,
      @DefaultValue("gateway-service") List<String> gateways,
      @DefaultValue("inference-service") List<String> replicas,
      @DefaultValue("discovery-server") List<String> registries,
      @DefaultValue("job-service") List<String> jobs) {

    /** Copies the names. */
    public Tls {
      gateways = named("gateways", gateways);
      replicas = named("replicas", replicas);
      registries = named("registries", registries);
      jobs = named("jobs", jobs);
    }

    private static List<String> named(String key, List<String> names) {
      if (names.isEmpty() || names.stream().anyMatch(String::isBlank)) {
        throw new IllegalArgumentException(
            "fleet.tls." + key + ": " + names + " (expected: names of certificates)");
      }
      return List.copyOf(names);
    }

    /** Whether there are certificates. */
    public boolean isUsed() {
      return !bundle.isBlank();
    }

    /** Everybody of the fleet. */
    public List<String> members() {
      List<String> members = new ArrayList<>(gateways);
      members.addAll(replicas);
      members.addAll(registries);
      members.addAll(jobs);
      return members;
    }

    /** The certificates, which follow their files from now on; null if there are none. */
    public @Nullable FleetCertificates read(SslBundles bundles) {
      if (!isUsed()) {
        return null;
      }
      SslBundle first = bundles.getBundle(bundle);
      FleetCertificates certificates = new FleetCertificates(keys(first), authority(first));
      bundles.addBundleUpdateHandler(
          bundle, renewed -> certificates.renew(keys(renewed), authority(renewed)));
      return certificates;
    }

    private X509ExtendedKeyManager keys(SslBundle read) {
      for (KeyManager manager : read.getManagers().getKeyManagers()) {
        if (manager instanceof X509ExtendedKeyManager keys) {
          return keys;
        }
      }
      throw new IllegalStateException(
          "fleet.tls.bundle: " + bundle + " has no key (expected: certificate, key and authority)");
    }

    private X509TrustManager authority(SslBundle read) {
      if (read.getStores().getTrustStore() == null) {
        throw new IllegalStateException(
            "fleet.tls.bundle: " + bundle + " has no authority (expected: the fleet's own)");
      }
      for (TrustManager manager : read.getManagers().getTrustManagers()) {
        if (manager instanceof X509TrustManager authority) {
          return authority;
        }
      }
      throw new IllegalStateException("fleet.tls.bundle: " + bundle + " trusts in no certificates");
    }
  }

  /**
   * The secret, or null if none is set.
   *
   * @throws IllegalArgumentException if it is too short or set twice
   */
  public @Nullable FleetSecret read() {
    String given = secret == null ? "" : secret;
    if (secretFile == null || secretFile.toString().isBlank()) {
      return given.isBlank() ? null : FleetSecret.of(given);
    }
    if (!given.isBlank()) {
      throw new IllegalArgumentException(
          "fleet.secret and fleet.secret-file: both are set (expected: one of them)");
    }
    try {
      return FleetSecret.of(Files.readString(secretFile));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(
          "fleet.secret-file: " + secretFile + " (expected: a file that can be read)", unreadable);
    }
  }

  /** Whether everybody is let in. */
  public boolean isOpen() {
    return !tls.isUsed() && read() == null;
  }

  /** Without the secret, which must not end up in a log. */
  @Override
  public String toString() {
    return "InsideProperties[secretFile=" + secretFile + ", tls=" + tls + "]";
  }
}
