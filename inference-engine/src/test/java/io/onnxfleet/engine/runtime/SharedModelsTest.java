package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.testing.model.StoredTensor.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs every sample model and every operator test of the folder that {@code fleet.shared} names,
 * and compares with the stored outputs; says so where the folder is not there. What each did is
 * written to {@code target/shared-models.txt}.
 */
class SharedModelsTest {
  private static final Logger log = LoggerFactory.getLogger(SharedModelsTest.class);
  private static final Map<String, String> SUMMARY = Collections.synchronizedMap(new TreeMap<>());

  /** Models that are refused when they are opened, with a part of the reason. */
  private static final Map<String, String> REFUSED =
      Map.of(
          "typed/map-input", "input 'float_input' is a map",
          "test_cast_no_saturate_FLOAT_to_FLOAT8E4M3FN", "output 'output' is FLOAT8E4M3FN",
          "test_dequantizelinear_int4", "input 'x' is INT4",
          "test_range_float_type_positive_delta", "Opset 27",
          "test_operator_basic", "Could not find an implementation for Add(6)");

  /** Runs that are refused, with a part of the reason. */
  private static final Map<String, String> RUN_REFUSED =
      Map.of("test_loop13_seq", "expected at least one element along axis 0");

  /** A sequence of tensors of different shapes comes in, which no one tensor is. */
  private static final Set<String> INEXPRESSIBLE = Set.of("test_sequence_insert_at_back");

  /** An input as large as 200 MiB, and no stored output to compare with. */
  private static final Set<String> ONLY_OPENED = Set.of("stress-big-input");

  /** Random by definition; only types and shapes are compared. */
  private static final Set<String> RANDOM = Set.of("test_training_dropout");

  /** Optional inputs come in messages of their own. */
  private static final Set<String> OPTIONAL_INPUT =
      Set.of("test_identity_opt", "test_optional_has_element_tensor_input");

  private static final Set<String> OPTIONAL_OUTPUT = Set.of("test_identity_opt");

  /** Quantized models differ between processors by some quanta. */
  private static final Map<String, Double> ABSOLUTE_TOLERANCE =
      Map.of("mnist-cnn-int8-qdq", 0.3, "ultraface-int8-qoperator", 0.1);

  private final BufferPool pool = BufferPool.ofDefaults();
  private final OnnxRuntime runtime = new OnnxRuntime(pool);
  private final StoredTensors stored = new StoredTensors(pool);

  @AfterEach
  void pool_isEmpty() {
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @AfterAll
  static void writeSummary() throws IOException {
    if (SUMMARY.isEmpty()) {
      return;
    }
    StringBuilder table = new StringBuilder();
    SUMMARY.forEach((name, what) -> table.append("%-60s %s%n".formatted(name, what)));
    Path target = Path.of(System.getProperty("basedir", "."), "target", "shared-models.txt");
    Files.createDirectories(target.getParent());
    Files.writeString(target, table);
  }

  @TestFactory
  Stream<DynamicTest> models_giveTheStoredOutputs() throws IOException {
    return testsOf("models", Set.of("hostile", "licenses"));
  }

  @TestFactory
  Stream<DynamicTest> operators_giveTheStoredOutputs() throws IOException {
    return testsOf("onnx-node-tests", Set.of());
  }

  private Stream<DynamicTest> testsOf(String folder, Set<String> except) throws IOException {
    String shared = System.getProperty("fleet.shared", "");
    if (shared.isEmpty()) {
      log.warn("fleet.shared is not set: the models of {} were left out", folder);
      return Stream.empty();
    }
    Path root = Path.of(shared, folder);
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> file.getFileName().toString().equals("model.onnx"))
          .filter(file -> !except.contains(root.relativize(file).getName(0).toString()))
          .sorted()
          .toList()
          .stream()
          .map(file -> DynamicTest.dynamicTest(nameOf(root, file), () -> check(root, file)));
    }
  }

  private static String nameOf(Path root, Path model) {
    String name = root.relativize(model.getParent()).toString();
    return name.endsWith("/1") ? name.substring(0, name.length() - 2) : name;
  }

  private void check(Path root, Path model) throws IOException {
    String name = nameOf(root, model);
    String refusal = REFUSED.get(name);
    if (refusal != null) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> runtime.open(model, SessionOptions.cpu(1)).close())
          .withMessageContaining(refusal)
          .satisfies(
              failure -> {
                assertThat(failure.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED);
                SUMMARY.put(name, "refused: " + failure.getMessage());
              });
      return;
    }
    try (ModelSession session = runtime.open(model, SessionOptions.cpu(1))) {
      int sets = 0;
      Path folder =
          name.startsWith("triton-repository/") ? model.resolve("../..") : model.resolve("..");
      while (!ONLY_OPENED.contains(name)
          && !INEXPRESSIBLE.contains(name)
          && Files.isDirectory(folder.normalize().resolve("test_data_set_" + sets))) {
        checkSet(name, session, folder.normalize().resolve("test_data_set_" + sets));
        sets++;
      }
      SUMMARY.putIfAbsent(name, sets == 0 ? "opened" : sets + " sets equal");
    }
  }

  private void checkSet(String name, ModelSession session, Path set) throws IOException {
    List<NamedTensor> inputs = inputs(name, session.signature(), set);
    List<String> outputNames =
        session.signature().outputs().stream().map(TensorSpec::name).toList();
    List<Tensor> outputs = new ArrayList<>();
    try {
      String refusal = RUN_REFUSED.get(name);
      if (refusal != null) {
        assertThatExceptionOfType(InferenceException.class)
            .isThrownBy(() -> session.run(inputs, outputNames))
            .withMessageContaining(refusal)
            .satisfies(failure -> SUMMARY.put(name, "run refused: " + failure.getMessage()));
        return;
      }
      outputs.addAll(session.run(inputs, outputNames));
      for (int index = 0; index < outputs.size(); index++) {
        checkOutput(name, session.signature().outputs().get(index), outputs.get(index), set, index);
      }
    } finally {
      inputs.forEach(input -> input.tensor().close());
      outputs.forEach(Tensor::close);
    }
  }

  private List<NamedTensor> inputs(String name, ModelSignature signature, Path set)
      throws IOException {
    List<NamedTensor> inputs = new ArrayList<>();
    for (int index = 0; index < signature.inputs().size(); index++) {
      Path file = set.resolve("input_" + index + ".pb");
      TensorSpec spec = signature.inputs().get(index);
      if (Files.exists(file)) {
        Tensor tensor = read(file, spec, OPTIONAL_INPUT.contains(name));
        inputs.add(new NamedTensor(spec.name(), tensor));
      }
    }
    return inputs;
  }

  private Tensor read(Path file, TensorSpec spec, boolean optional) throws IOException {
    if (optional) {
      return stored.read(file, Kind.OPTIONAL);
    }
    return spec.form() == TensorSpec.Form.SEQUENCE
        ? stored.read(file, Kind.SEQUENCE)
        : stored.read(file, Kind.TENSOR);
  }

  private void checkOutput(String name, TensorSpec spec, Tensor actual, Path set, int index)
      throws IOException {
    Path file = set.resolve("output_" + index + ".pb");
    if (Files.exists(file)) {
      try (Tensor expected = read(file, spec, OPTIONAL_OUTPUT.contains(name))) {
        checkTensor(name, actual, expected);
      }
    } else {
      checkNontensor(spec, actual, nontensor(set, spec.name()));
    }
  }

  private static void checkTensor(String name, Tensor actual, Tensor expected) {
    assertThat(actual).hasToString(expected.toString());
    if (RANDOM.contains(name)) {
      return;
    }
    boolean half = actual.dataType() == DataType.FP16 || actual.dataType() == DataType.BF16;
    double relative = half ? 2e-2 : 1e-3;
    double absolute = ABSOLUTE_TOLERANCE.getOrDefault(name, half ? 2e-2 : 1e-5);
    List<Object> values = StoredTensors.elements(actual);
    List<Object> expectations = StoredTensors.elements(expected);
    for (int index = 0; index < values.size(); index++) {
      assertThat(
              StoredTensors.close(values.get(index), expectations.get(index), relative, absolute))
          .as("element %d: %s (expected %s)", index, values.get(index), expectations.get(index))
          .isTrue();
    }
  }

  @SuppressWarnings("unchecked") // the file's form is described beside the models
  private static List<Object> nontensor(Path set, String output) throws IOException {
    String json = Files.readString(set.resolve("outputs_nontensor.json"));
    for (Object entry : (List<Object>) TestJson.parse(json)) {
      Map<String, Object> fields = (Map<String, Object>) entry;
      if (output.equals(fields.get("name"))) {
        return (List<Object>) fields.getOrDefault("value", List.of());
      }
    }
    throw new IllegalStateException(output + " is not stored in " + set);
  }

  @SuppressWarnings("unchecked") // as above
  private static void checkNontensor(TensorSpec spec, Tensor actual, List<Object> expected) {
    if (spec.form() == TensorSpec.Form.MAPS) {
      List<String> objects = BytesElements.readStrings(actual);
      assertThat(objects).hasSameSizeAs(expected);
      for (int row = 0; row < expected.size(); row++) {
        checkMap(
            (Map<String, Object>) TestJson.parse(objects.get(row)),
            (Map<String, Object>) expected.get(row));
      }
      return;
    }
    List<Object> values = new ArrayList<>();
    for (Object element : expected) {
      values.addAll((List<Object>) ((Map<String, Object>) element).getOrDefault("data", List.of()));
    }
    assertThat(actual.rows()).isEqualTo(expected.size());
    assertThat(StoredTensors.elements(actual).stream().map(value -> ((Number) value).doubleValue()))
        .containsExactlyElementsOf(values.stream().map(Double.class::cast).toList());
  }

  private static void checkMap(Map<String, Object> actual, Map<String, Object> expected) {
    assertThat(actual.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
    Map<String, Object> rest = new HashMap<>(actual);
    expected.forEach(
        (key, value) -> {
          if (rest.remove(key) instanceof Double number && value instanceof Double stored) {
            assertThat(number).isCloseTo(stored, within(1e-5 + 1e-3 * Math.abs(stored)));
          } else {
            throw new AssertionError(key + ": " + actual.get(key) + " (expected " + value + ")");
          }
        });
  }
}
