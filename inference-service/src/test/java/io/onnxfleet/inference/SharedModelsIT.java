package io.onnxfleet.inference;

import static io.onnxfleet.inference.RunningReplica.json;
import static io.onnxfleet.inference.RunningReplica.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.testing.model.StoredTensor;
import io.onnxfleet.testing.model.StoredTensor.Kind;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * Serves every sample model and every operator test of the folder that {@code fleet.shared} names,
 * calls each over HTTP in JSON and in binary, and compares with the stored outputs; says so where
 * the folder is not there.
 */
@TestInstance(Lifecycle.PER_CLASS)
class SharedModelsIT {
  private static final Logger log = LoggerFactory.getLogger(SharedModelsIT.class);

  /** Models that are listed as UNAVAILABLE, with a part of the reason. */
  private static final Map<String, String> REFUSED =
      Map.of(
          "typed-map-input", "is a map",
          "simple_sequence", "sequence_batching",
          "simple_dyna_sequence", "sequence_batching",
          "test_cast_no_saturate_FLOAT_to_FLOAT8E4M3FN", "FLOAT8E4M3FN",
          "test_dequantizelinear_int4", "INT4",
          "test_range_float_type_positive_delta", "Opset 27",
          "test_operator_basic", "Add(6)");

  /** Calls that are refused with 400, with a part of the reason. */
  private static final Map<String, String> CALL_REFUSED =
      Map.of("test_loop13_seq", "expected at least one element");

  /** A sequence of tensors of different shapes, which no one tensor is. */
  private static final Set<String> INEXPRESSIBLE = Set.of("test_sequence_insert_at_back");

  /** Random by definition; only types and shapes are compared. */
  private static final Set<String> RANDOM = Set.of("test_training_dropout");

  private static final Map<String, Kind> INPUT_KINDS =
      Map.of(
          "test_identity_opt/input_0.pb", Kind.OPTIONAL,
          "test_identity_opt/output_0.pb", Kind.OPTIONAL,
          "test_optional_has_element_tensor_input/input_0.pb", Kind.OPTIONAL,
          "test_identity_sequence/input_0.pb", Kind.SEQUENCE,
          "test_identity_sequence/output_0.pb", Kind.SEQUENCE,
          "test_loop13_seq/input_2.pb", Kind.SEQUENCE,
          "test_if_seq/output_0.pb", Kind.SEQUENCE,
          "test_split_to_sequence_1/output_0.pb", Kind.SEQUENCE);

  /** Quantized models differ between processors by some quanta. */
  private static final Map<String, Double> ABSOLUTE_TOLERANCE =
      Map.of("mnist-cnn-int8-qdq", 0.3, "ultraface-int8-qoperator", 0.1);

  private final Map<String, Path> samples = new TreeMap<>();
  private @Nullable RunningReplica running;

  @BeforeAll
  void start(@TempDir Path repository) throws IOException {
    String shared = System.getProperty("fleet.shared", "");
    if (shared.isEmpty()) {
      log.warn("fleet.shared is not set: the sample models were left out");
      return;
    }
    link(repository, Path.of(shared, "models"), Set.of("hostile", "licenses"));
    link(repository, Path.of(shared, "onnx-node-tests"), Set.of());
    running = RunningReplica.serving(repository, "--fleet.inference.cpus=1");
  }

  /** Gives each model's folder a place in the repository, as its version 1. */
  private void link(Path repository, Path root, Set<String> except) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(each -> each.endsWith("model.onnx")).sorted().toList()) {
        Path folder = Objects.requireNonNull(file.getParent());
        Path relative = root.relativize(folder);
        if (except.contains(relative.getName(0).toString())) {
          continue;
        }
        if (relative.startsWith("triton-repository")) {
          Path model = Objects.requireNonNull(folder.getParent());
          String name = relative.getName(1).toString();
          Files.createSymbolicLink(repository.resolve(name), model);
          samples.put(name, model);
        } else {
          String name = relative.toString().replace('/', '-');
          Path served = Files.createDirectories(repository.resolve(name));
          Files.createSymbolicLink(served.resolve("1"), folder);
          samples.put(name, folder);
        }
      }
    }
  }

  @AfterAll
  void stop() {
    if (running != null) {
      running.awaitBuffersReturned();
      running.close();
    }
  }

  private RunningReplica replica() {
    return Objects.requireNonNull(running);
  }

  @TestFactory
  Stream<DynamicTest> models_giveTheStoredOutputs() {
    return samples.keySet().stream()
        .map(model -> DynamicTest.dynamicTest(model, () -> check(model)));
  }

  private void check(String model) throws IOException {
    String refusal = REFUSED.get(model);
    if (refusal != null) {
      assertThat(indexEntry(model).get("state").asString()).isEqualTo("UNAVAILABLE");
      assertThat(indexEntry(model).get("reason").asString()).contains(refusal);
      assertThat(replica().get("/v2/models/" + model + "/ready").statusCode()).isEqualTo(503);
      return;
    }
    HttpResponse<byte[]> metadata = replica().get("/v2/models/" + model);
    assertThat(metadata.statusCode()).as(text(metadata)).isEqualTo(200);
    Path folder = Objects.requireNonNull(samples.get(model));
    for (int set = 0; Files.isDirectory(folder.resolve("test_data_set_" + set)); set++) {
      if (!INEXPRESSIBLE.contains(model)) {
        checkSet(model, json(metadata), folder.resolve("test_data_set_" + set));
      }
    }
  }

  private JsonNode indexEntry(String model) {
    for (JsonNode entry : json(replica().post("/v2/repository/index", ""))) {
      if (entry.get("name").asString().equals(model)) {
        return entry;
      }
    }
    throw new AssertionError(model + " is not in the index");
  }

  private void checkSet(String model, JsonNode metadata, Path set) throws IOException {
    Map<String, StoredTensor> inputs = new LinkedHashMap<>();
    int index = 0;
    for (JsonNode input : metadata.get("inputs")) {
      Path file = set.resolve("input_" + index++ + ".pb");
      if (Files.exists(file)) {
        inputs.put(input.get("name").asString(), read(model, file));
      }
    }
    SampleCall call = new SampleCall(replica(), model);
    HttpResponse<byte[]> binary = call.inBinary(inputs);
    String refusal = CALL_REFUSED.get(model);
    if (refusal != null) {
      assertThat(binary.statusCode()).isEqualTo(400);
      assertThat(text(binary)).contains(refusal);
      return;
    }
    checkOutputs(model, metadata, SampleCall.outputs(binary), set);
    if (inputs.values().stream().allMatch(StoredTensor::isJson)) {
      HttpResponse<byte[]> inJson = call.inJson(inputs);
      if (SampleCall.outputs(binary).values().stream().allMatch(StoredTensor::isJson)) {
        checkOutputs(model, metadata, SampleCall.outputs(inJson), set);
      } else {
        assertThat(inJson.statusCode()).isEqualTo(400);
        assertThat(text(inJson)).contains("binary_data");
      }
    }
  }

  private static StoredTensor read(String model, Path file) throws IOException {
    String key = model + "/" + file.getFileName();
    return StoredTensor.read(file, INPUT_KINDS.getOrDefault(key, Kind.TENSOR));
  }

  private static void checkOutputs(
      String model, JsonNode metadata, Map<String, StoredTensor> outputs, Path set)
      throws IOException {
    int index = 0;
    assertThat(outputs).hasSize(metadata.get("outputs").size());
    for (JsonNode output : metadata.get("outputs")) {
      String name = output.get("name").asString();
      StoredTensor actual = Objects.requireNonNull(outputs.get(name));
      Path file = set.resolve("output_" + index++ + ".pb");
      if (Files.exists(file)) {
        checkTensor(model, actual, read(model, file));
      } else {
        checkNontensor(actual, nontensor(set, name));
      }
    }
  }

  private static void checkTensor(String model, StoredTensor actual, StoredTensor expected) {
    assertThat(actual.type()).isEqualTo(expected.type());
    assertThat(actual.shape()).isEqualTo(expected.shape());
    if (RANDOM.contains(model)) {
      return;
    }
    boolean half = actual.type() == Datatype.FP16 || actual.type() == Datatype.BF16;
    double relative = half ? 2e-2 : 1e-3;
    double absolute = ABSOLUTE_TOLERANCE.getOrDefault(model, half ? 2e-2 : 1e-5);
    List<Object> values = actual.elements();
    List<Object> expectations = expected.elements();
    assertThat(values).hasSameSizeAs(expectations);
    for (int index = 0; index < values.size(); index++) {
      if (!close(values.get(index), expectations.get(index), relative, absolute)) {
        throw new AssertionError(
            "element %d: %s (expected %s)"
                .formatted(index, values.get(index), expectations.get(index)));
      }
    }
  }

  private static boolean close(Object actual, Object expected, double relative, double absolute) {
    if (actual instanceof Double a && expected instanceof Double e) {
      return a.equals(e) || Math.abs(a - e) <= absolute + relative * Math.abs(e);
    }
    return actual.equals(expected);
  }

  private static JsonNode nontensor(Path set, String output) throws IOException {
    for (JsonNode entry : json(Files.readString(set.resolve("outputs_nontensor.json")))) {
      if (entry.get("name").asString().equals(output)) {
        return entry;
      }
    }
    throw new AssertionError(output + " is not stored in " + set);
  }

  private static void checkNontensor(StoredTensor actual, JsonNode expected) {
    JsonNode value = expected.get("value");
    assertThat(actual.shape().getFirst()).isEqualTo(value.size());
    if (expected.get("kind").asString().equals("sequence(tensor)")) {
      List<Object> elements = new ArrayList<>();
      value.forEach(tensor -> tensor.get("data").forEach(each -> elements.add(each.asLong())));
      assertThat(actual.elements()).isEqualTo(elements);
      return;
    }
    for (int row = 0; row < value.size(); row++) {
      JsonNode map = json((String) actual.elements().get(row));
      assertThat(map.propertyNames())
          .containsExactlyInAnyOrderElementsOf(value.get(row).propertyNames());
      for (String key : map.propertyNames()) {
        double stored = value.get(row).get(key).asDouble();
        assertThat(map.get(key).asDouble())
            .isCloseTo(stored, within(1e-5 + 1e-3 * Math.abs(stored)));
      }
    }
  }
}
