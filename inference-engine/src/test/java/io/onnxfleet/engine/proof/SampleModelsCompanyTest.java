package io.onnxfleet.engine.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelStatistics;
import io.onnxfleet.engine.proof.SampleRows.Kind;
import io.onnxfleet.engine.proof.SampleRows.Range;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.runtime.StoredTensors;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.testing.model.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every sample model of the folder that {@code fleet.shared} names, and the default ones, served
 * without configurations: each of 16 rows alone and among the 15 others is answered as ONNX Runtime
 * answers it.
 */
class SampleModelsCompanyTest {
  private static final Logger log = LoggerFactory.getLogger(SampleModelsCompanyTest.class);

  private static final int ROWS = 16;

  /** Of the largest magnitude of an output, in single precision. */
  private static final Tolerance FP32 = new Tolerance(1e-4, 0);

  /** An input of 200 MB, 16 of which would be too much for the machines that run this. */
  private static final String TOO_LARGE = "stress-big-input";

  /** Declares not even a rank, and has no data beside it. */
  private static final String OF_UNKNOWN_RANK = "unknown-rank";

  @TempDir private static Path root;

  private final BufferPool pool = BufferPool.ofDefaults();
  private final OnnxRuntime runtime = new OnnxRuntime(pool);
  private final Map<String, Path> files = new TreeMap<>();
  private final Map<String, String> outcomes = new TreeMap<>();

  @Test
  void rows_areAnsweredAsAlone_whoeverElseCalls() throws IOException {
    Path models = Files.createDirectories(root.resolve("models"));
    link(models, Path.of(System.getProperty("fleet.root", ".."), "models"));
    String shared = System.getProperty("fleet.shared", "");
    if (shared.isEmpty()) {
      log.warn("fleet.shared is not set: the sample models were left out");
    } else {
      link(models, Path.of(shared, "models"));
      link(models, Path.of(shared, "models", "typed"));
      link(models, Path.of(shared, "models", "triton-repository"));
    }
    try (InferenceEngine engine =
        InferenceEngine.create(
            EngineOptions.defaults(models).withModelNotes(root.resolve("notes")),
            EngineMetrics.NONE)) {
      engine.start().join();
      for (String model : files.keySet()) {
        outcomes.put(model, check(engine, model));
      }
    }
    outcomes.forEach((model, outcome) -> log.info("{}: {}", model, outcome));
    assertThat(outcomes.values()).as("%s", outcomes).noneMatch(it -> it.startsWith("WRONG"));
    outcomes.remove(OF_UNKNOWN_RANK, "no row runs");
    assertThat(outcomes.values()).as("%s", outcomes).noneMatch(it -> it.startsWith("no "));
    assertThat(outcomes).hasSizeGreaterThanOrEqualTo(shared.isEmpty() ? 2 : 60);
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  /** Each model's files but for its configuration. */
  private void link(Path models, Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path entry : entries.sorted().toList()) {
        String name = entry.getFileName().toString();
        Path version = entry.resolve("1");
        Path place = Files.isRegularFile(entry.resolve("model.onnx")) ? entry : version;
        if (Files.isRegularFile(place.resolve("model.onnx")) && !name.equals(TOO_LARGE)) {
          Path served = Files.createDirectories(models.resolve(name));
          Files.createSymbolicLink(served.resolve("1"), place.toRealPath());
          Path tokenizer = entry.resolve("tokenizer.json");
          if (Files.isRegularFile(tokenizer)) {
            Files.createSymbolicLink(served.resolve("tokenizer.json"), tokenizer.toRealPath());
          }
          files.put(name, place.resolve("model.onnx"));
        }
      }
    }
  }

  private String check(InferenceEngine engine, String model) throws IOException {
    ModelMetadata metadata;
    try {
      metadata = engine.metadata(model, null);
    } catch (InferenceException refused) {
      return "refused: " + refused.getMessage();
    }
    Path file = Objects.requireNonNull(files.get(model));
    GraphFacts facts = GraphFacts.of(file);
    try (ModelSession alone = runtime.open(file, SessionOptions.cpu(1))) {
      List<Row> rows = rows(metadata, alone, facts);
      if (rows.isEmpty()) {
        rows = storedRows(metadata, alone, file);
      }
      if (rows.isEmpty()) {
        return "no row runs";
      }
      try {
        return compare(engine, metadata, rows, facts);
      } finally {
        rows.forEach(Row::close);
      }
    }
  }

  /** A request, and what ONNX Runtime answers to it alone. */
  private record Row(List<NamedTensor> inputs, List<Tensor> expected) implements AutoCloseable {
    @Override
    public void close() {
      inputs.forEach(input -> input.tensor().close());
      expected.forEach(Tensor::close);
    }
  }

  private List<Row> rows(ModelMetadata metadata, ModelSession alone, GraphFacts facts) {
    for (Kind kind : List.of(Kind.NORMAL, Kind.UNIT)) {
      for (Range range : Range.values()) {
        for (long size : new long[] {8, 1, 32, 2, 64, 16, 224, 256}) {
          List<Row> rows = new ArrayList<>();
          for (int index = 0; index < ROWS; index++) {
            Row row = row(metadata, alone, facts, kind, range, size, index);
            if (row == null) {
              break;
            }
            rows.add(row);
          }
          if (rows.size() == ROWS) {
            return rows;
          }
          rows.forEach(Row::close);
        }
      }
    }
    return List.of();
  }

  /** Those that lie beside the model, again and again: for inputs that only few values fit. */
  private List<Row> storedRows(ModelMetadata metadata, ModelSession alone, Path file)
      throws IOException {
    StoredTensors stored = new StoredTensors(pool);
    List<Row> rows = new ArrayList<>();
    Path first = file.resolveSibling("test_data_set_0");
    for (int index = 0; Files.isDirectory(first) && index < ROWS; index++) {
      Path set = file.resolveSibling("test_data_set_" + index);
      set = Files.isDirectory(set) ? set : first;
      List<NamedTensor> inputs = new ArrayList<>();
      int number = 0;
      for (TensorSpec input : metadata.inputs()) {
        Path data = set.resolve("input_%d.pb".formatted(number++));
        if (Files.exists(data)) {
          inputs.add(
              new NamedTensor(
                  input.name(),
                  input.form() == TensorSpec.Form.SEQUENCE
                      ? stored.read(data, StoredTensor.Kind.SEQUENCE)
                      : stored.read(data, StoredTensor.Kind.TENSOR)));
        }
      }
      List<String> outputs = metadata.outputs().stream().map(TensorSpec::name).toList();
      rows.add(new Row(inputs, alone.run(inputs, outputs)));
    }
    return rows;
  }

  private @Nullable Row row(
      ModelMetadata metadata,
      ModelSession alone,
      GraphFacts facts,
      Kind kind,
      Range range,
      long size,
      int index) {
    SampleRows samples = new SampleRows(pool, facts, 17 + index);
    List<NamedTensor> inputs = new ArrayList<>();
    try {
      for (TensorSpec input : metadata.inputs()) {
        if (!input.optional()) {
          inputs.add(new NamedTensor(input.name(), tensor(samples, input, kind, range, size)));
        }
      }
      List<String> outputs = metadata.outputs().stream().map(TensorSpec::name).toList();
      return new Row(inputs, alone.run(inputs, outputs));
    } catch (RuntimeException refused) {
      inputs.forEach(input -> input.tensor().close());
      return null;
    }
  }

  /** Also of inputs whose first dimension is no row's. */
  private Tensor tensor(SampleRows samples, TensorSpec input, Kind kind, Range range, long size) {
    long[] dims = input.shape().dims();
    if (dims.length > 0 && (dims[0] == Shape.VARIABLE || dims[0] == 1)) {
      return samples.row(
          new SampleInput(input.name(), input.dataType(), input.shape()), kind, range, 0, size);
    }
    SampleInput wrapped = new SampleInput(input.name(), input.dataType(), input.shape().prepend(1));
    try (Tensor tensor = samples.row(wrapped, kind, range, 0, size)) {
      Shape shape = Shape.of(Arrays.copyOfRange(tensor.shape().dims(), 1, dims.length + 1));
      return copy(tensor, shape);
    }
  }

  private Tensor copy(Tensor tensor, Shape shape) {
    if (tensor.dataType() == DataType.BYTES) {
      return Tensor.ofBytes(pool, shape, BytesElements.read(tensor));
    }
    Tensor copy = Tensor.ofByteSize(pool, tensor.dataType(), shape, tensor.byteSize());
    copy.data().put(tensor.data());
    return copy;
  }

  private String compare(
      InferenceEngine engine, ModelMetadata metadata, List<Row> rows, GraphFacts facts) {
    String model = metadata.name();
    Map<String, Double> largest = new HashMap<>();
    for (Row row : rows) {
      for (int index = 0; index < row.expected().size(); index++) {
        largest.merge(
            metadata.outputs().get(index).name(),
            TensorComparison.largestMagnitude(row.expected().get(index)),
            Math::max);
      }
    }
    Comparison comparison = new Comparison(metadata, facts, largest);
    for (Row row : rows) {
      String wrong = comparison.difference(engine.infer(request(model, row)), row);
      if (wrong != null) {
        return "WRONG alone: " + wrong;
      }
    }
    ModelStatistics before = engine.statistics(model, null).getFirst();
    for (int round = 0; round < 3; round++) {
      List<CompletableFuture<InferenceResponse>> answers = new ArrayList<>();
      rows.forEach(row -> answers.add(engine.infer(request(model, row))));
      String wrong = null;
      for (int index = 0; index < rows.size(); index++) {
        String difference = comparison.difference(answers.get(index), rows.get(index));
        wrong = wrong == null ? difference : wrong;
      }
      if (wrong != null) {
        return "WRONG among %d others: %s".formatted(ROWS - 1, wrong);
      }
    }
    ModelStatistics after = engine.statistics(model, null).getFirst();
    return "right, %d rows in %d runs"
        .formatted(
            after.inferenceCount() - before.inferenceCount(),
            after.executionCount() - before.executionCount());
  }

  private InferenceRequest request(String model, Row row) {
    return InferenceRequest.of(
        model,
        row.inputs().stream()
            .map(
                input ->
                    new NamedTensor(input.name(), copy(input.tensor(), input.tensor().shape())))
            .toArray(NamedTensor[]::new));
  }

  private record Comparison(ModelMetadata metadata, GraphFacts facts, Map<String, Double> largest) {
    @Nullable String difference(CompletableFuture<InferenceResponse> answer, Row row) {
      try (InferenceResponse response = answer.join()) {
        for (int index = 0; index < row.expected().size(); index++) {
          TensorSpec output = metadata.outputs().get(index);
          Tensor expected = row.expected().get(index);
          boolean maps = output.form() == TensorSpec.Form.MAPS;
          Tolerance proven =
              Tolerance.of(output.name(), maps ? DataType.FP32 : expected.dataType(), facts);
          boolean single =
              (maps || expected.dataType() == DataType.FP32) && proven.relative() <= 1e-5;
          String difference =
              TensorComparison.difference(
                  expected,
                  response.output(output.name()),
                  maps,
                  single ? new Tolerance(FP32.relative(), proven.absolute()) : proven,
                  largest.getOrDefault(output.name(), 0.0));
          if (difference != null) {
            return "output '%s' is %s".formatted(output.name(), difference);
          }
        }
        return null;
      } catch (RuntimeException failure) {
        return String.valueOf(failure.getMessage());
      }
    }
  }
}
