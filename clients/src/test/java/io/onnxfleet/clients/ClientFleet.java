package io.onnxfleet.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A registry, a replica of the default models, and two gateways: one that lets everybody in, and
 * one that wants a key. They are processes, started from the layouts that the build made, on free
 * ports of the loopback address. Closing ends all of them.
 */
final class ClientFleet implements AutoCloseable {
  /** What the replica serves. */
  static final String MODEL = "all-minilm-l6-v2";

  private static final String HOST = "127.0.0.1";
  private static final Duration LONGEST_START = Duration.ofMinutes(5);
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final Path FOLDER = Path.of("target/fleet").toAbsolutePath();

  private final List<Process> processes = new ArrayList<>();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final int registryPort;
  private final URI replica;
  private final Door open;
  private final Door keyed;

  /**
   * Where clients come in.
   *
   * @param base of the gateway
   * @param key that it takes; one that lets everybody in takes any
   */
  record Door(String name, URI base, String key) {
    /** What OpenAI's clients call the base URL. */
    String openAi() {
      return base.resolve("/v1").toString();
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** Starts all of them, and waits until both gateways have the model. */
  @SuppressWarnings("this-escape")
  ClientFleet() throws IOException, InterruptedException {
    try {
      Files.createDirectories(FOLDER);
      registryPort = freePort();
      Path keys = FOLDER.resolve("keys");
      Files.deleteIfExists(keys);
      Process registry = start("discovery-server", "registry", registryPort);
      awaitOk(
          registry, URI.create("http://" + HOST + ":" + registryPort + "/actuator/health"), "none");

      int openPort = freePort();
      Process openGateway = start("gateway-service", "gateway-open", openPort);
      open = new Door("open", base(openPort), "none");
      int replicaPort = freePort();
      start(
          "inference-service",
          "replica",
          replicaPort,
          "--fleet.inference.models=" + ROOT.resolve("models").toAbsolutePath(),
          "--fleet.inference.cpus=1");
      replica = base(replicaPort);
      String key = key(keys, "clients", "--scope", "infer,admin");
      int keyedPort = freePort();
      Process keyedGateway =
          start(
              "gateway-service",
              "gateway-keyed",
              keyedPort,
              "--fleet.gateway.security.keys=" + keys);
      keyed = new Door("keyed", base(keyedPort), key);
      for (String model : List.of(MODEL, MODEL + "-int8")) {
        String path = "/v2/models/" + model + "/ready";
        awaitOk(openGateway, open.base().resolve(path), open.key());
        awaitOk(keyedGateway, keyed.base().resolve(path), keyed.key());
      }
    } catch (IOException | InterruptedException | RuntimeException failed) {
      close();
      throw failed;
    }
  }

  /** The gateway that asks nobody for credentials. */
  Door open() {
    return open;
  }

  /** The gateway that wants a key, and one that may do everything. */
  Door keyed() {
    return keyed;
  }

  /** Both. */
  List<Door> doors() {
    return List.of(open, keyed);
  }

  /** The replica itself. */
  URI replica() {
    return replica;
  }

  private static URI base(int port) {
    return URI.create("http://" + HOST + ":" + port);
  }

  /** Has the gateway's own command make a key. */
  private static String key(Path file, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = command();
    command.add("key");
    Collections.addAll(command, arguments);
    Collections.addAll(command, "--file", file.toString());
    Process process =
        new ProcessBuilder(command)
            .directory(layout("gateway-service"))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String key = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new IOException("gateway's command key: exit code " + process.exitValue());
    }
    return key;
  }

  private Process start(String module, String name, int port, String... arguments)
      throws IOException {
    List<String> command = command();
    Collections.addAll(
        command,
        "--server.port=" + port,
        "--server.address=" + HOST,
        "--eureka.instance.hostname=" + HOST,
        "--eureka.instance.ip-address=" + HOST,
        "--eureka.instance.prefer-ip-address=true",
        "--eureka.client.service-url.defaultZone=http://%s:%d/eureka/"
            .formatted(HOST, registryPort));
    Collections.addAll(command, arguments);
    Process process =
        new ProcessBuilder(command)
            .directory(layout(module))
            .redirectErrorStream(true)
            .redirectOutput(FOLDER.resolve(name + ".log").toFile())
            .start();
    processes.add(process);
    return process;
  }

  private static List<String> command() {
    return new ArrayList<>(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "@jvm.args",
            "-Xmx512m",
            "-XX:TieredStopAtLevel=1",
            "@application.args"));
  }

  private static java.io.File layout(String module) {
    return ROOT.resolve(module).resolve("target/layout").toFile();
  }

  private void awaitOk(Process process, URI uri, String key) {
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .timeout(Duration.ofSeconds(10))
            .header("Authorization", "Bearer " + key)
            .build();
    await(uri.toString())
        .atMost(LONGEST_START)
        .pollInterval(Duration.ofMillis(100))
        .failFast("a process ended, see " + FOLDER, () -> !process.isAlive())
        .until(
            () -> {
              try {
                return http.send(request, BodyHandlers.discarding()).statusCode() == 200;
              } catch (IOException notYet) {
                return false;
              }
            });
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    processes.reversed().forEach(Process::destroyForcibly);
    processes.forEach(process -> process.onExit().join());
    http.close();
  }
}
