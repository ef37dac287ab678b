package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * A transformer encoder of two dimensions: token {@code id} at any place answers {@code (id, 1)}.
 * It keeps the engine's side of the port's contract; when it answers is said by its subclass.
 */
abstract class FakeEncoder implements InferencePort {
  private final BufferPool pool;
  final List<Row> rows = new ArrayList<>();

  FakeEncoder(BufferPool pool) {
    this.pool = pool;
  }

  /** What one request held. */
  record Row(Map<String, List<Long>> inputs, List<String> outputs) {
    List<Long> ids() {
      return inputs.getOrDefault(TextModel.INPUT_IDS, List.of());
    }
  }

  @Override
  public final CompletableFuture<InferenceResponse> infer(InferenceRequest request) {
    Row row;
    try (request) {
      row = read(request);
      synchronized (this) {
        rows.add(row);
      }
    }
    return answer(row);
  }

  abstract CompletableFuture<InferenceResponse> answer(Row row);

  /** One vector a token. */
  InferenceResponse hidden(Row row) {
    float[] values = new float[row.ids().size() * 2];
    for (int token = 0; token < row.ids().size(); token++) {
      values[2 * token] = row.ids().get(token);
      values[2 * token + 1] = 1;
    }
    return response(row, Shape.of(1, row.ids().size(), 2), values);
  }

  InferenceResponse response(Row row, Shape shape, float... values) {
    Tensor tensor = Tensor.ofFloats(pool, shape, values);
    return new InferenceResponse(
        null, "fake", 1, List.of(new NamedTensor(row.outputs().getFirst(), tensor)));
  }

  CompletableFuture<InferenceResponse> completed(Row row) {
    try {
      return CompletableFuture.completedFuture(hidden(row));
    } catch (InferenceException failure) {
      return CompletableFuture.failedFuture(failure);
    }
  }

  private static Row read(InferenceRequest request) {
    Map<String, List<Long>> inputs = new LinkedHashMap<>();
    for (NamedTensor input : request.inputs()) {
      inputs.put(input.name(), integers(input.tensor()));
    }
    return new Row(inputs, request.requestedOutputs());
  }

  private static List<Long> integers(Tensor tensor) {
    int count = (int) tensor.shape().elementCount();
    if (tensor.dataType() == DataType.INT32) {
      IntBuffer values = tensor.data().asIntBuffer();
      return IntStream.range(0, count).mapToObj(i -> (long) values.get(i)).toList();
    }
    LongBuffer values = tensor.data().asLongBuffer();
    return IntStream.range(0, count).mapToObj(values::get).toList();
  }
}
