import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Makes an authority for one machine's fleet, and certificates of it, for trying mutual TLS.
 *
 * <p>{@code java DevCertificates.java FOLDER [--days N] NAME...}: the authority is {@code
 * FOLDER/ca.p12}, made if it is not there. Each name gets a new certificate, valid for N days (397),
 * as {@code FOLDER/NAME/tls.crt}, {@code tls.key} and {@code ca.crt}: the files of a Secret that
 * cert-manager makes. N below 0: it expired so many days ago. The certificate is for its name,
 * {@code localhost} and the loopback addresses; a name with a colon is a URI.
 *
 * <p>The JDK's keytool does the work: whoever has a fleet has a JDK, and OpenSSL is not the same
 * everywhere. What it cannot do is write keys as PEM, so that is done here.
 */
final class DevCertificates {
  /** The folder is its owner's alone; the store's password protects nothing. */
  private static final String PASSWORD = "authority";

  private static final String AUTHORITY = "authority";
  private static final int DAYS_OF_AUTHORITY = 3650;
  private static final int DAYS = 397;

  private final Path folder;
  private final int days;

  private DevCertificates(Path folder, int days) {
    this.folder = folder;
    this.days = days;
  }

  public static void main(String[] arguments) throws Exception {
    List<String> names = new ArrayList<>(List.of(arguments));
    int days = DAYS;
    int option = names.indexOf("--days");
    if (option >= 0 && option + 1 < names.size()) {
      days = Integer.parseInt(names.remove(option + 1));
      names.remove(option);
    }
    if (names.size() < 2 || days == 0) {
      throw new IllegalArgumentException(
          String.join(" ", arguments) + " (expected: FOLDER [--days N] NAME...)");
    }
    Path folder = Path.of(names.removeFirst());
    new DevCertificates(folder, days).make(names);
  }

  private void make(List<String> names) throws IOException, InterruptedException, GeneralSecurityException {
    Files.createDirectories(folder);
    if (isPosix(folder)) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
    Path authority = folder.resolve("ca.p12");
    Path work = Files.createTempDirectory(folder, ".making");
    try {
      Path store = work.resolve("store.p12");
      if (!Files.exists(authority)) {
        makeAuthority(store);
        Files.move(store, authority, StandardCopyOption.ATOMIC_MOVE);
      }
      for (String name : names) {
        Files.copy(authority, store, StandardCopyOption.REPLACE_EXISTING);
        makeCertificate(store, name);
        write(store, folder.resolve(name.replaceAll("[^A-Za-z0-9.-]+", "_")), work);
      }
    } finally {
      Files.deleteIfExists(work.resolve("store.p12"));
      Files.deleteIfExists(work.resolve("file"));
      Files.delete(work);
    }
  }

  private static void makeAuthority(Path store) throws IOException, InterruptedException {
    keytool(
        "-genkeypair",
        "-keystore",
        store.toString(),
        "-alias",
        AUTHORITY,
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-dname",
        "CN=ONNX Fleet on this machine",
        "-ext",
        "bc:critical=ca:true,pathlen:0",
        "-ext",
        "ku:critical=keyCertSign,cRLSign",
        "-validity",
        Integer.toString(DAYS_OF_AUTHORITY));
  }

  private void makeCertificate(Path store, String name) throws IOException, InterruptedException {
    // Clocks of two processes may differ by a little.
    String from = days > 0 ? "-1d" : (days - 10) + "d";
    int validity = days > 0 ? days + 1 : 10;
    String san = (name.indexOf(':') >= 0 ? "uri:" : "dns:") + name;
    keytool(
        "-genkeypair",
        "-keystore",
        store.toString(),
        "-alias",
        "own",
        "-signer",
        AUTHORITY,
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-dname",
        "CN=" + name.replaceAll("[,+\"\\\\<>;=/]", "_"),
        "-ext",
        "san=" + san + ",dns:localhost,ip:127.0.0.1,ip:::1",
        "-ext",
        "ku:critical=digitalSignature",
        "-ext",
        "eku=serverAuth,clientAuth",
        "-startdate",
        from,
        "-validity",
        Integer.toString(validity));
  }

  private static void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", arguments) + ": " + said.strip());
    }
  }

  /** Each file as a whole; the certificate last, so that whoever watches it finds its key. */
  private static void write(Path made, Path to, Path work)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(made)) {
      store.load(in, PASSWORD.toCharArray());
    }
    Key key = store.getKey("own", PASSWORD.toCharArray());
    Certificate[] chain = store.getCertificateChain("own");
    Files.createDirectories(to);
    write(pem("CERTIFICATE", store.getCertificate(AUTHORITY).getEncoded()), to.resolve("ca.crt"), work);
    write(pem("PRIVATE KEY", key.getEncoded()), to.resolve("tls.key"), work);
    write(pem("CERTIFICATE", chain[0].getEncoded()), to.resolve("tls.crt"), work);
  }

  private static String pem(String type, byte[] encoded) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(
            type, Base64.getMimeEncoder(64, "\n".getBytes(UTF_8)).encodeToString(encoded), type);
  }

  private static void write(String text, Path to, Path work) throws IOException {
    Path file = Files.writeString(work.resolve("file"), text);
    if (isPosix(file)) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }
    Files.move(file, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static boolean isPosix(Path path) throws IOException {
    return Files.getFileStore(path).supportsFileAttributeView("posix");
  }
}
