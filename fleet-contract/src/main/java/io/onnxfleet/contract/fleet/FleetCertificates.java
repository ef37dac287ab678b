package io.onnxfleet.contract.fleet;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The certificates by which the processes of one fleet know each other: this process's own, and the
 * authority that gave each its one.
 *
 * <ul>
 *   <li>Who somebody is stands in its certificate, as a name (DNS or URI) among the subject's
 *       alternative ones. Addresses tell nothing: replicas come and go.
 *   <li>{@linkplain #renew Renewed} ones count from the next connection on; no connection goes on
 *       with what an earlier one has shown.
 * </ul>
 *
 * <p>Safe for use by many threads.
 */
public final class FleetCertificates {
  private static final int DNS_NAME = 2;
  private static final int URI = 6;

  /**
   * Of a session that might be resumed: as good as none. A resumed one would go on with the
   * certificates of the session before.
   */
  private static final int SESSION_SECONDS = 1;

  /** What one reading of the files gave. A handshake takes key and chain of the same one. */
  private record Reading(long number, X509ExtendedKeyManager keys, X509TrustManager authority) {}

  private volatile Reading current;
  private volatile Reading before;

  /**
   * Certificates as they are now.
   *
   * @param keys has this process's own
   * @param authority knows whose certificates are the fleet's
   */
  public FleetCertificates(X509ExtendedKeyManager keys, X509TrustManager authority) {
    this.current = new Reading(0, keys, authority);
    this.before = current;
  }

  /** Takes others in their place. */
  public synchronized void renew(X509ExtendedKeyManager keys, X509TrustManager authority) {
    before = current;
    current = new Reading(before.number() + 1, keys, authority);
  }

  /**
   * For connections to servers which the fleet's authority names one of these. It checks that
   * itself, whatever the server's address is.
   */
  public SSLContext clientOf(Collection<String> servers) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          new KeyManager[] {new CurrentKeys()},
          new TrustManager[] {new CurrentAuthority(List.copyOf(servers))},
          null);
      context.getClientSessionContext().setSessionTimeout(SESSION_SECONDS);
      return context;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /**
   * What is wrong with who connected, or null if it is one of those that are expected. Whether the
   * fleet's authority knows it was found out when it connected; whether it still holds is looked at
   * now.
   *
   * @param chain of the connection's other end, its own certificate first; null if it showed none
   * @param names of which it must have one
   */
  public static @Nullable String complaint(
      X509Certificate @Nullable [] chain, Collection<String> names, Instant now) {
    if (chain == null || chain.length == 0) {
      return "none (expected: one of the fleet's, for " + String.join(" or ", names) + ")";
    }
    X509Certificate certificate = chain[0];
    try {
      certificate.checkValidity(Date.from(now));
    } catch (CertificateExpiredException expired) {
      return "expired at " + certificate.getNotAfter().toInstant();
    } catch (CertificateNotYetValidException early) {
      return "not valid before " + certificate.getNotBefore().toInstant();
    }
    List<String> told = names(certificate);
    for (String name : told) {
      for (String expected : names) {
        if (name.equalsIgnoreCase(expected)) {
          return null;
        }
      }
    }
    return "for " + told + " (expected: for " + String.join(" or ", names) + ")";
  }

  /** The names that a certificate is for; none if they cannot be read. */
  private static List<String> names(X509Certificate certificate) {
    List<String> names = new ArrayList<>();
    try {
      Collection<List<?>> told = certificate.getSubjectAlternativeNames();
      if (told != null) {
        for (List<?> name : told) {
          int type = (Integer) name.get(0);
          if (type == DNS_NAME || type == URI) {
            names.add((String) name.get(1));
          }
        }
      }
    } catch (CertificateParsingException malformed) {
      return List.of();
    }
    return names;
  }

  /** This process's own key and chain, which an alias names with the reading that they are of. */
  private final class CurrentKeys extends X509ExtendedKeyManager {
    private static final char SEPARATOR = ':';

    private @Nullable String named(Reading reading, @Nullable String alias) {
      return alias == null ? null : reading.number() + String.valueOf(SEPARATOR) + alias;
    }

    private Reading reading(String alias) {
      Reading newest = current;
      String number = alias.substring(0, alias.indexOf(SEPARATOR));
      return number.equals(Long.toString(newest.number())) ? newest : before;
    }

    private String plain(String alias) {
      return alias.substring(alias.indexOf(SEPARATOR) + 1);
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
      Reading reading = current;
      return named(reading, reading.keys().chooseClientAlias(keyTypes, issuers, socket));
    }

    @Override
    public @Nullable String chooseEngineClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      Reading reading = current;
      return named(reading, reading.keys().chooseEngineClientAlias(keyTypes, issuers, engine));
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
      return reading(alias).keys().getCertificateChain(plain(alias));
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
      return reading(alias).keys().getPrivateKey(plain(alias));
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return null;
    }
  }

  /** Knows whom the fleet's authority vouches for, and takes those of the names. */
  private final class CurrentAuthority extends X509ExtendedTrustManager {
    private final List<String> servers;

    CurrentAuthority(List<String> servers) {
      this.servers = servers;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String keyExchange)
        throws CertificateException {
      // Without the connection: what it is checked for is the name, and not the address.
      current.authority().checkServerTrusted(chain, keyExchange);
      String complaint = complaint(chain, servers, Instant.now());
      if (complaint != null) {
        throw new CertificateException("server's certificate: " + complaint);
      }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String keyExchange, Socket socket)
        throws CertificateException {
      checkServerTrusted(chain, keyExchange);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String keyExchange, SSLEngine engine)
        throws CertificateException {
      checkServerTrusted(chain, keyExchange);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String keyExchange)
        throws CertificateException {
      throw new CertificateException("this side is the client");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String keyExchange, Socket socket)
        throws CertificateException {
      checkClientTrusted(chain, keyExchange);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String keyExchange, SSLEngine engine)
        throws CertificateException {
      checkClientTrusted(chain, keyExchange);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return current.authority().getAcceptedIssuers();
    }
  }
}
