package io.onnxfleet.clients;

import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.TinyTextModel;
import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A registry, a replica of the default models and two seeded ones, and two gateways: one that lets
 * everybody in, and one that wants a key. Closing ends all of them.
 */
final class ClientFleet implements AutoCloseable {
  /** What the replica serves. */
  static final String MODEL = "all-minilm-l6-v2";

  /** Those of the OpenAPI documents' examples. */
  static final String CLASSIFIER = "intents";

  static final String TAGGER = "entities";

  /** Two cross-encoders, the lesser one with {@link #SMALL} behind its name. */
  static final String RANKERS = "rankers";

  /** Two classifiers, the same way. */
  static final String TRIAGE = "triage";

  static final String SMALL = "-small";

  private static final List<String> OF_FAMILIES =
      List.of(RANKERS + "-large", RANKERS + SMALL, TRIAGE + "-large", TRIAGE + SMALL);

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
      openGateway =
          processes.startGateway(
              "gateway-open",
              "--fleet.gateway.tei.models.embed=" + MODEL,
              "--fleet.gateway.tei.models.rerank=" + MODEL,
              "--fleet.gateway.tei.models.predict=" + CLASSIFIER);
      open = new Door("open", openGateway.base(), "none");
      replica = processes.startReplica("replica", models()).base();
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

  /** The default models, and two seeded ones for the tasks that these have not. */
  private static Path models() throws IOException {
    Path models = Files.createDirectories(FOLDER.resolve("models"));
    Path standard = ROOT.resolve("models").toRealPath();
    for (String name : List.of(MODEL, MODEL + "-int8")) {
      Path link = models.resolve(name);
      Files.deleteIfExists(link);
      Files.createSymbolicLink(link, standard.resolve(name));
    }
    Path tokenizer = standard.resolve(MODEL).resolve("tokenizer.json");
    seeded(models, CLASSIFIER, TinyTextModel.ofTexts(8, 10.3f, 16.5f), "Sequence", tokenizer);
    seeded(models, TAGGER, TinyTextModel.ofTokens(3, 0, 1, 1), "Token", tokenizer);
    for (String name : OF_FAMILIES) {
      boolean ranks = name.startsWith(RANKERS);
      OnnxGraph graph =
          ranks ? TinyTextModel.ofTexts(12, 3.3f) : TinyTextModel.ofTexts(8, 10.3f, 16.5f);
      seeded(models, name, graph, "Sequence", tokenizer);
      Files.writeString(
          models.resolve(name).resolve("config.pbtxt"),
          """
          parameters { key: "family" value { string_value: "%s" } }
          parameters { key: "quality" value { string_value: "%s" } }
          parameters { key: "task" value { string_value: "%s" } }
          """
              .formatted(
                  ranks ? RANKERS : TRIAGE,
                  name.endsWith(SMALL) ? "0.38" : "0.41",
                  ranks ? "rerank" : "classify"));
    }
    return models;
  }

  private static void seeded(
      Path models, String name, OnnxGraph graph, String kind, Path tokenizer) {
    if (Files.isDirectory(models.resolve(name))) {
      return;
    }
    String labels =
        kind.equals("Token")
            ? "{\"0\":\"O\",\"1\":\"B-PER\",\"2\":\"I-PER\"}"
            : "{\"0\":\"other\",\"1\":\"booking\"}";
    TinyTextModel.writeHub(
        models.resolve(name),
        graph,
        "{\"architectures\":[\"BertFor%sClassification\"],\"model_type\":\"bert\",\"id2label\":%s}"
            .formatted(kind, labels),
        tokenizer);
  }

  private void awaitModels() throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(MODEL, MODEL + "-int8", CLASSIFIER, TAGGER));
    all.addAll(OF_FAMILIES);
    for (String model : all) {
      processes.awaitOk(openGateway, ready(model));
      processes.awaitOk(keyedGateway, ready(model), "Authorization", "Bearer " + keyed.key());
    }
  }

  /** Waits until the open gateway has a model, or no longer has it. */
  void awaitReady(String model, boolean isReady) throws IOException, InterruptedException {
    processes.await(
        "the gateway has " + model + ": " + isReady,
        () -> processes.isOk(openGateway, ready(model)) == isReady);
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
