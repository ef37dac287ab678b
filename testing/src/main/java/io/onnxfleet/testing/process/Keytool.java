package io.onnxfleet.testing.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The JDK's keytool, for certificates that a test makes for itself. Stateless. */
public final class Keytool {
  private Keytool() {}

  /**
   * Makes a pair of keys of an elliptic curve, whose certificate signs itself and lasts two days.
   *
   * @param store a PKCS #12 file, which is made or added to
   * @param name the entry's alias, and the certificate's common name
   * @param more arguments, such as {@code -ext} and {@code san=dns:...}
   */
  public static void selfSigned(Path store, String password, String name, String... more)
      throws IOException, InterruptedException {
    List<String> arguments =
        new ArrayList<>(
            List.of("-genkeypair", "-alias", name, "-keyalg", "EC", "-dname", "CN=" + name));
    arguments.addAll(List.of("-validity", "2"));
    arguments.addAll(List.of(more));
    run(store, password, arguments.toArray(String[]::new));
  }

  /**
   * Runs it on a store.
   *
   * @throws IllegalStateException with what it said, if it fails
   */
  public static void run(Path store, String password, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-keystore", store.toString(), "-storetype", "PKCS12"));
    command.addAll(List.of("-storepass", password));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(String.join(" ", arguments) + ": " + said);
    }
  }
}
