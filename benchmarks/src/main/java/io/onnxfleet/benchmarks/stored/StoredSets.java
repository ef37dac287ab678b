package io.onnxfleet.benchmarks.stored;

import io.onnxfleet.benchmarks.stored.Agreement.Tolerance;
import io.onnxfleet.benchmarks.stored.InferenceCall.Ports;
import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.testing.model.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * The stored sets of one model: {@code test_data_set_<k>/input_<i>.pb} and {@code output_<i>.pb};
 * outputs that are sequences or maps lie in {@code outputs_nontensor.json}.
 */
record StoredSets(List<Path> folders) {
  private static final double REAL_RELATIVE_OF_HALF = 2e-2;

  StoredSets {
    folders = List.copyOf(folders);
  }

  static StoredSets in(Path model) {
    List<Path> folders = new ArrayList<>();
    Path next = model.resolve("test_data_set_0");
    while (Files.isDirectory(next)) {
      folders.add(next);
      next = model.resolve("test_data_set_" + folders.size());
    }
    return new StoredSets(folders);
  }

  static Map<String, StoredTensor> inputs(Path set, Ports ports) throws IOException {
    Map<String, StoredTensor> inputs = new LinkedHashMap<>();
    for (int index = 0; index < ports.inputs().size(); index++) {
      Path file = set.resolve("input_" + index + ".pb");
      if (Files.exists(file)) {
        inputs.put(ports.inputs().get(index), StoredTensor.read(file));
      }
    }
    return inputs;
  }

  /** Of everything that was stored with what was answered. */
  static Agreement compare(
      Path set, Ports ports, Map<String, StoredTensor> answer, Tolerance tolerance)
      throws IOException {
    Agreement all = Agreement.WHOLE;
    for (int index = 0; index < ports.outputs().size(); index++) {
      String name = ports.outputs().get(index);
      StoredTensor actual = answer.get(name);
      if (actual == null) {
        return Agreement.disagreement("no output '" + name + "'");
      }
      Path file = set.resolve("output_" + index + ".pb");
      Agreement one =
          Files.exists(file)
              ? compare(actual, StoredTensor.read(file), tolerance)
              : compareOther(actual, nontensor(set, name), tolerance);
      all = all.and(one);
    }
    return all;
  }

  private static Agreement compare(
      StoredTensor actual, StoredTensor expected, Tolerance tolerance) {
    String declared = expected.declared();
    if (!declared.equals(actual.declared())) {
      return Agreement.disagreement("%s (expected %s)".formatted(actual.declared(), declared));
    }
    boolean half = expected.type() == Datatype.FP16 || expected.type() == Datatype.BF16;
    Tolerance used =
        half
            ? new Tolerance(
                Math.max(tolerance.relative(), REAL_RELATIVE_OF_HALF),
                Math.max(tolerance.absolute(), REAL_RELATIVE_OF_HALF))
            : tolerance;
    return Agreement.of(actual.elements(), expected.elements(), used);
  }

  /** A sequence of maps is answered as JSON objects, any other as one tensor. */
  private static Agreement compareOther(StoredTensor actual, JsonNode stored, Tolerance tolerance) {
    if (actual.type() != Datatype.BYTES) {
      List<Object> values = new ArrayList<>();
      stored.forEach(
          element -> element.path("data").forEach(value -> values.add(value.asDouble())));
      List<Object> reals = new ArrayList<>();
      actual.elements().forEach(element -> reals.add(((Number) element).doubleValue()));
      return Agreement.of(reals, values, tolerance);
    }
    List<Object> objects = actual.elements();
    if (objects.size() != stored.size()) {
      return Agreement.disagreement(
          "%d maps (expected %d)".formatted(objects.size(), stored.size()));
    }
    Agreement all = Agreement.WHOLE;
    for (int row = 0; row < objects.size(); row++) {
      JsonNode map = InferenceCall.JSON.readTree((String) objects.get(row));
      for (Map.Entry<String, JsonNode> entry : stored.get(row).properties()) {
        all =
            all.and(
                Agreement.of(
                    entry.getKey(),
                    map.path(entry.getKey()).asDouble(Double.NaN),
                    entry.getValue().asDouble(),
                    tolerance));
      }
    }
    return all;
  }

  private static JsonNode nontensor(Path set, String output) throws IOException {
    Path file = set.resolve("outputs_nontensor.json");
    for (JsonNode entry : InferenceCall.JSON.readTree(Files.readAllBytes(file))) {
      if (entry.path("name").asString().equals(output)) {
        return entry.path("value");
      }
    }
    throw new IOException(file + ": no output '" + output + "'");
  }
}
