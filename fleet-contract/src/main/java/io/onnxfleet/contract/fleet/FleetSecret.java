package io.onnxfleet.contract.fleet;

import io.onnxfleet.contract.api.HeaderNames;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * What the processes of one fleet share and nobody else knows. The secret itself never leaves a
 * process; what leaves is made of it, by HMAC-SHA256, and does not give it away:
 *
 * <ul>
 *   <li>the registry's password;
 *   <li>a signature of each request to a replica or the job service, and of each that the job
 *       service makes for somebody: of its method, its path with the query, the address that it
 *       goes to, the time, and whose work it is about. Whoever reads one can send that path to that
 *       process again for {@value #WINDOW_MILLIS} ms, and nothing else. Bodies are not signed,
 *       since they are passed on while they come.
 * </ul>
 *
 * <p>Immutable and thread-safe; shows nothing of itself in a log.
 */
public final class FleetSecret {
  /** The registry's user. */
  public static final String REGISTRY_USER = "fleet";

  /** How far the clocks of two processes may be apart, and how long a signature holds. */
  static final long WINDOW_MILLIS = 60_000;

  private static final int LEAST_LENGTH = 32;
  private static final String ALGORITHM = "HmacSHA256";
  private static final String VERSION = "v1";
  private static final Pattern IPV4 =
      Pattern.compile("(?:(?:25[0-5]|2[0-4]\\d|1\\d\\d|\\d?\\d)(?:\\.(?!$)|$)){4}");
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

  /** Never updated, only copied. */
  private final Mac ofRequests;

  private final String registryPassword;

  private FleetSecret(byte[] secret) {
    Mac mac = mac(secret);
    this.registryPassword =
        ENCODER.encodeToString(mac.doFinal(bytes("onnx-fleet registry " + VERSION)));
    this.ofRequests = mac(mac.doFinal(bytes("onnx-fleet requests " + VERSION)));
  }

  /**
   * A secret as it stands in a file or a variable; white space around it does not count.
   *
   * @throws IllegalArgumentException if it is so short that it could be guessed
   */
  public static FleetSecret of(String text) {
    String secret = text.strip();
    if (secret.length() < LEAST_LENGTH) {
      throw new IllegalArgumentException(
          "fleet.secret: %d characters (expected: at least %d, e.g. of `openssl rand -hex 32`)"
              .formatted(secret.length(), LEAST_LENGTH));
    }
    return new FleetSecret(bytes(secret));
  }

  /** What {@link #REGISTRY_USER} shows the registry. */
  public String registryPassword() {
    return registryPassword;
  }

  /**
   * A signature, for {@link HeaderNames#SIGNATURE}: version, time, address, code.
   *
   * @param authority the replica's host and port
   * @param target path and query as they are sent
   */
  public String sign(String method, String authority, String target, long nowMillis) {
    return sign(method, authority, target, null, nowMillis);
  }

  /**
   * The same, of a request that says whose work it is about: nobody can put another owner in.
   *
   * @param owner the value of {@link HeaderNames#OWNER}; null if there is none
   */
  public String sign(
      String method, String authority, String target, @Nullable String owner, long nowMillis) {
    String said = VERSION + ' ' + nowMillis + ' ' + authority;
    return said + ' ' + ENCODER.encodeToString(code(said, method, owned(target, owner)));
  }

  /** INVARIANT: neither has a line's end, so that no target looks like one with an owner. */
  private static String owned(String target, @Nullable String owner) {
    return owner == null ? target : target + '\n' + owner;
  }

  /**
   * What is wrong with a request's signature, or null if it is this fleet's. Only who knows the
   * secret is told more than that it is not.
   *
   * @param signature of the header; null if there is none
   * @param self whether an address, of host and port, is this replica's
   */
  public @Nullable String complaint(
      @Nullable String signature, String method, String target, Self self, long nowMillis) {
    return complaint(signature, method, target, null, self, nowMillis);
  }

  /**
   * The same, of a request that says whose work it is about.
   *
   * @param owner the value of {@link HeaderNames#OWNER}; null if there is none
   */
  public @Nullable String complaint(
      @Nullable String signature,
      String method,
      String target,
      @Nullable String owner,
      Self self,
      long nowMillis) {
    if (signature == null) {
      return "missing (expected: a request of the fleet's gateway)";
    }
    int last = signature.lastIndexOf(' ');
    String[] said = signature.substring(0, Math.max(0, last)).split(" ", -1);
    if (said.length != 3 || !said[0].equals(VERSION)) {
      return "malformed (expected: version, time, address and code)";
    }
    byte[] given = bytes(signature.substring(last + 1));
    byte[] right = ENCODER.encode(code(signature.substring(0, last), method, owned(target, owner)));
    if (!MessageDigest.isEqual(right, given)) {
      return "wrong (expected: made with the same fleet.secret)";
    }
    long age = nowMillis - Long.parseLong(said[1]);
    if (Math.abs(age) > WINDOW_MILLIS) {
      return "%d ms old (expected: at most %d, by clocks that agree)".formatted(age, WINDOW_MILLIS);
    }
    return self.isAt(said[2]) ? null : "for " + said[2] + " (expected: for this replica)";
  }

  /** Knows under which addresses a replica is reached. */
  @FunctionalInterface
  public interface Self {
    /** Of host and port. */
    boolean isAt(String authority);
  }

  /** Whether two ways to write a host mean the same: names by letters, addresses by value. */
  public static boolean isSameHost(String host, String other) {
    String one = unbracketed(host);
    String two = unbracketed(other);
    if (one.equalsIgnoreCase(two)) {
      return true;
    }
    try {
      return isAddress(one)
          && isAddress(two)
          && InetAddress.getByName(one).equals(InetAddress.getByName(two));
    } catch (UnknownHostException malformed) {
      return false;
    }
  }

  /** Whether nobody has to be asked what it means. */
  private static boolean isAddress(String host) {
    return host.indexOf(':') >= 0
        ? Character.digit(host.charAt(0), 16) >= 0 || host.charAt(0) == ':'
        : IPV4.matcher(host).matches();
  }

  private static String unbracketed(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  private byte[] code(String said, String method, String target) {
    try {
      Mac mac = (Mac) ofRequests.clone();
      return mac.doFinal(bytes(said + '\n' + method + '\n' + target));
    } catch (CloneNotSupportedException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static Mac mac(byte[] key) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key, ALGORITHM));
      return mac;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return "FleetSecret";
  }
}
