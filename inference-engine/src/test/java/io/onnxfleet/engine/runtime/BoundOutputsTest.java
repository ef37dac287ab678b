package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.runtime.GraphPorts.Port;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BoundOutputsTest {
  private final OrtFailure mismatch =
      new OrtFailure(
          1, "OrtValue shape verification failed. Current shape:{3} Requested shape:{2}");

  private final BufferPool pool = BufferPool.ofDefaults();

  @AfterEach
  void nothingIsLeftOpen() {
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void target_isThere_onceTheDeclaredShapeProvedTrue() {
    BoundOutputs bound = bound(type("rows", "length"), type("rows", "length", "384"));
    try (Tensor x = tensor(2, 7)) {
      assertThat(target(bound, x)).isNull();
      observe(bound, "y", x, 2, 7, 384);
      assertThat(target(bound, x)).isEqualTo(Shape.of(2, 7, 384));
    }
    try (Tensor x = tensor(5, 1)) {
      assertThat(target(bound, x)).isEqualTo(Shape.of(5, 1, 384));
    }
  }

  @Test
  void target_isNeverThere_whenTheDeclaredShapeProvedFalse() {
    BoundOutputs bound = bound(type("n"), type("n"));
    try (Tensor x = tensor(3)) {
      observe(bound, "y", x, 2);
      observe(bound, "y", x, 3);
      assertThat(target(bound, x)).isNull();
    }
  }

  @Test
  void target_isNotThere_whenADimensionIsNoInputs() {
    BoundOutputs unnamed = bound(type("n", ""), type("n", ""));
    BoundOutputs other = bound(type("n"), type("found"));
    try (Tensor matrix = tensor(2, 3);
        Tensor vector = tensor(2)) {
      observe(unnamed, "y", matrix, 2, 3);
      observe(other, "y", vector, 2);
      assertThat(target(unnamed, matrix)).isNull();
      assertThat(target(other, vector)).isNull();
    }
  }

  @Test
  void target_isNotThere_whenDimensionsOfOneNameDiffer() {
    BoundOutputs bound = bound(type("n", "n"), type("n"));
    try (Tensor square = tensor(3, 3);
        Tensor oblong = tensor(3, 4)) {
      observe(bound, "y", square, 3);
      assertThat(target(bound, square)).isEqualTo(Shape.of(3));
      assertThat(target(bound, oblong)).isNull();
    }
  }

  @Test
  void target_isNotThere_whenItWouldBeEmpty() {
    BoundOutputs bound = bound(type("n"), type("n"));
    try (Tensor some = tensor(1);
        Tensor none = tensor(0)) {
      observe(bound, "y", some, 1);
      assertThat(target(bound, none)).isNull();
    }
  }

  @Test
  void target_isNeverThere_onADevice() {
    BoundOutputs bound = bound(type("n"), type("n"), ExecutionProvider.CUDA);
    try (Tensor x = tensor(3)) {
      observe(bound, "y", x, 3);
      assertThat(target(bound, x)).isNull();
    }
  }

  @Test
  void target_isNeverThere_whenTheTypeIsAnother() {
    BoundOutputs bound = bound(type("n"), type("n"));
    try (Tensor x = tensor(3);
        Tensor whole = Tensor.allocate(pool, DataType.INT64, Shape.of(3))) {
      bound.observed("y", inputs(x), whole);
      assertThat(target(bound, x)).isNull();
    }
  }

  @Test
  void areToBlame_isFalse_whenNothingCouldBeBound() {
    assertThat(bound(type("n"), type("n")).areToBlame(mismatch)).isFalse();
  }

  @Test
  void target_isNotThere_whenTheOutputIsAnInput() {
    BoundOutputs bound =
        new BoundOutputs(
            ports(Map.of("x", type("n")), Map.of("x", type("n"))), ExecutionProvider.CPU, pool);
    try (Tensor x = tensor(3)) {
      observe(bound, "x", x, 3);
      assertThat(bound.target("x", inputs(x))).isNull();
    }
  }

  @Test
  void areToBlame_onceForAWrongShape_andNothingIsBoundAfterwards() {
    BoundOutputs bound = bound(type("n"), type("n"));
    try (Tensor x = tensor(3)) {
      observe(bound, "y", x, 3);
      assertThat(bound.areToBlame(new OrtFailure(1, "Failed to allocate memory"))).isFalse();
      assertThat(target(bound, x)).isEqualTo(Shape.of(3));
      assertThat(bound.areToBlame(mismatch)).isTrue();
      assertThat(target(bound, x)).isNull();
      assertThat(bound.areToBlame(mismatch)).isFalse();
    }
  }

  /** A run with that input gave an output of that shape, unbound. */
  private void observe(BoundOutputs bound, String output, Tensor x, long... dims) {
    try (Tensor actual = tensor(dims)) {
      bound.observed(output, inputs(x), actual);
    }
  }

  /** The shape of what y is bound to. */
  private static @Nullable Shape target(BoundOutputs bound, Tensor x) {
    try (Tensor target = bound.target("y", inputs(x))) {
      return target == null ? null : target.shape();
    }
  }

  private BoundOutputs bound(OnnxType.TensorType x, OnnxType.TensorType y) {
    return bound(x, y, ExecutionProvider.CPU);
  }

  private BoundOutputs bound(
      OnnxType.TensorType x, OnnxType.TensorType y, ExecutionProvider provider) {
    return new BoundOutputs(ports(Map.of("x", x), Map.of("y", y)), provider, pool);
  }

  private static GraphPorts ports(
      Map<String, OnnxType.TensorType> inputs, Map<String, OnnxType.TensorType> outputs) {
    return new GraphPorts(
        ports(inputs), ports(outputs), new ModelSignature(List.of(), List.of(), Map.of()));
  }

  private static Map<String, Port> ports(Map<String, OnnxType.TensorType> types) {
    Map<String, Port> ports = new LinkedHashMap<>();
    types.forEach((name, type) -> ports.put(name, new Port(name, MemorySegment.NULL, type)));
    return ports;
  }

  /** Numbers are sizes, anything else names, which may be empty. */
  private static OnnxType.TensorType type(String... dimensions) {
    long[] dims = new long[dimensions.length];
    for (int axis = 0; axis < dims.length; axis++) {
      dims[axis] = dimensions[axis].matches("\\d+") ? Long.parseLong(dimensions[axis]) : -1;
    }
    return new OnnxType.TensorType(DataType.FP32, Shape.of(dims), List.of(dimensions), true);
  }

  private Tensor tensor(long... dims) {
    return Tensor.allocate(pool, DataType.FP32, Shape.of(dims));
  }

  private static List<NamedTensor> inputs(Tensor x) {
    return List.of(new NamedTensor("x", x));
  }
}
