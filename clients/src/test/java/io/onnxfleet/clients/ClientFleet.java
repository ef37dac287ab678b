package io.onnxfleet.clients;

import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A registry, a replica of the default models, and two gateways: one that lets everybody in, and
 * one that wants a key. Closing ends all of them.
 */
final class ClientFleet implements AutoCloseable {
  /** What the replica serves. */
  static final String MODEL = "all-minilm-l6-v2";

  private static final String GATEWAY = "gateway-service";

  /** Looks, 50 ms and a call each: longer than news of a replica may be under way. */
  private static final int MANY = 60;

  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final Path FOLDER = Path.of("target/fleet").toAbsolutePath();

  private final FleetProcesses processes;
  private final URI replica;
  private final Running openGateway;
  private final Running keyedGateway;
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
      openGateway = processes.startGateway("gateway-open");
      open = new Door("open", openGateway.base(), "none");
      replica = processes.startReplica("replica").base();
      String key =
          processes
              .run(GATEWAY, "key", "clients", "--scope", "infer,admin", "--file", keys.toString())
              .strip();
      keyedGateway =
          processes.startGateway("gateway-keyed", "--fleet.gateway.security.keys=" + keys);
      keyed = new Door("keyed", keyedGateway.base(), key);
      awaitModels();
    } catch (IOException | InterruptedException | RuntimeException failed) {
      close();
      throw failed;
    }
  }

  private void awaitModels() throws IOException, InterruptedException {
    for (String model : List.of(MODEL, MODEL + "-int8")) {
      processes.awaitOk(openGateway, ready(model));
      processes.awaitOk(keyedGateway, ready(model), "Authorization", "Bearer " + keyed.key());
    }
  }

  /**
   * Waits until the open gateway has the model and keeps it, after a load at the replica itself:
   * that one tells the registry, and gateways hear it from there, one step after the other.
   */
  void awaitSettled() throws IOException, InterruptedException {
    AtomicInteger inARow = new AtomicInteger();
    processes.await(
        "the gateway has " + MODEL + " and keeps it",
        () -> {
          inARow.set(processes.isOk(openGateway, ready(MODEL)) ? inARow.get() + 1 : 0);
          return inARow.get() > MANY;
        });
    awaitModels();
  }

  private static String ready(String model) {
    return "/v2/models/" + model + "/ready";
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
