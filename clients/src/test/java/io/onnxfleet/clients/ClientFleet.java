package io.onnxfleet.clients;

import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A registry, a replica of the default models, and two gateways: one that lets everybody in, and
 * one that wants a key. Closing ends all of them.
 */
final class ClientFleet implements AutoCloseable {
  /** What the replica serves. */
  static final String MODEL = "all-minilm-l6-v2";

  private static final String GATEWAY = "gateway-service";
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final Path FOLDER = Path.of("target/fleet").toAbsolutePath();

  private final FleetProcesses processes;
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
    processes = new FleetProcesses(ROOT, FOLDER).startingSoon();
    try {
      Path keys = FOLDER.resolve("keys");
      Files.deleteIfExists(keys);
      processes.startRegistry();
      Running openGateway = processes.startGateway("gateway-open");
      open = new Door("open", openGateway.base(), "none");
      replica = processes.startReplica("replica").base();
      String key =
          processes
              .run(GATEWAY, "key", "clients", "--scope", "infer,admin", "--file", keys.toString())
              .strip();
      Running keyedGateway =
          processes.startGateway("gateway-keyed", "--fleet.gateway.security.keys=" + keys);
      keyed = new Door("keyed", keyedGateway.base(), key);
      for (String model : List.of(MODEL, MODEL + "-int8")) {
        String path = "/v2/models/" + model + "/ready";
        processes.awaitOk(openGateway, path);
        processes.awaitOk(keyedGateway, path, "Authorization", "Bearer " + key);
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

  @Override
  public void close() {
    processes.close();
  }
}
