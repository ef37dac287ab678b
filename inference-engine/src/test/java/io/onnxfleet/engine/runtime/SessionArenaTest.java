package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.TinyModel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What runs take is counted, bounded and given back. */
class SessionArenaTest {
  private static final int MEGABYTE = 1 << 20;
  private static final int LIMIT = 16 * MEGABYTE;

  @TempDir Path folder;

  private final BufferPool pool = BufferPool.ofDefaults();

  /** The number of an output's elements is what its input says. */
  private static OnnxGraph zeros() {
    return TinyModel.graph()
        .node("ConstantOfShape", "n", "zeros")
        .node("Identity", "zeros", "y")
        .input("n", DataType.INT64, "1")
        .output("y", DataType.FP32, "size");
  }

  @Test
  void run_isCounted_andGivenBack() {
    try (ModelSession session = open(zeros(), LIMIT)) {
      assertThat(session.memoryUse()).isEqualTo(new MemoryUse(0, 0));

      assertThat(zerosOf(session, 4 * MEGABYTE)).isEqualTo(4 * MEGABYTE);
      assertThat(session.memoryUse().held()).isBetween(4L * MEGABYTE, 5L * MEGABYTE);
      assertThat(session.memoryUse().peak()).isBetween(4L * MEGABYTE, 5L * MEGABYTE);

      session.shrink();
      assertThat(session.memoryUse().held()).isZero();
      assertThat(session.memoryUse().peak()).isGreaterThanOrEqualTo(4L * MEGABYTE);
      assertThat(zerosOf(session, MEGABYTE)).isEqualTo(MEGABYTE);
    }
  }

  @Test
  void run_isRefused_whenItTakesMoreThanARunMay() {
    try (ModelSession session = open(zeros(), LIMIT)) {
      assertThatThrownBy(() -> zerosOf(session, 1L << 32))
          .isInstanceOfSatisfying(
              InferenceException.class,
              refused -> assertThat(refused.code()).isEqualTo(ErrorCode.REQUEST_TOO_LARGE))
          .hasMessageContaining(
              "the run takes more than 16777216 bytes of memory (expected: <= that,"
                  + " max-run-memory)");

      assertThat(session.memoryUse().held()).isLessThanOrEqualTo(LIMIT);
      assertThat(zerosOf(session, 8 * MEGABYTE)).isEqualTo(8 * MEGABYTE);
    }
    assertThat(pool.usage().bytesInUse()).isZero();
  }

  /** What an earlier run left is no reason to refuse one that alone would fit. */
  @Test
  void run_succeeds_whenOnlyWhatIsKeptIsInItsWay() {
    try (ModelSession session = open(zeros(), LIMIT)) {
      for (int megabytes : List.of(7, 9, 11, 13, 15)) {
        long bytes = (long) megabytes * MEGABYTE;
        assertThat(zerosOf(session, bytes)).isEqualTo(bytes);
        assertThat(session.memoryUse().held()).isBetween(bytes, (long) LIMIT);
      }
    }
  }

  /** The weights of a model are not what its runs may take. */
  @Test
  void limit_isOfRuns_howeverLargeTheModel() {
    OnnxGraph model =
        zeros()
            .floats("weights", new long[] {6 * MEGABYTE}, new float[6 * MEGABYTE])
            .node("Add", "weights one", "heavy")
            .real("one", 1)
            .output("heavy", DataType.FP32, "6291456");
    try (ModelSession session = open(model, LIMIT)) {
      assertThat(session.memoryUse().held()).isZero();
      assertThat(zerosOf(session, 15 * MEGABYTE)).isEqualTo(15 * MEGABYTE);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"affine", "loop", "sequence", "text", "unranked", "zeros"})
  void shrink_leavesTheSessionAsItWas(String kind) {
    OnnxGraph model =
        switch (kind) {
          case "affine" -> TinyModel.affine();
          case "loop" -> TinyModel.loop();
          case "text" -> TinyModel.identity(DataType.BYTES, "2", "n");
          case "unranked" ->
              TinyModel.graph()
                  .node("Neg", "x", "y")
                  .unrankedInput("x", DataType.FP32)
                  .output("y", DataType.FP32, "n");
          case "sequence" ->
              TinyModel.graph()
                  .node("SequenceLength", "x", "y")
                  .sequenceInput("x", DataType.FP32, "n")
                  .output("y", DataType.INT64);
          default -> zeros();
        };
    try (ModelSession session = open(model, LIMIT)) {
      session.shrink();
      session.shrink();

      assertThat(session.memoryUse().held()).isZero();
    }
    assertThat(pool.usage().bytesInUse()).isZero();
  }

  private ModelSession open(OnnxGraph model, long mostRunBytes) {
    return new OnnxRuntime(pool, null, mostRunBytes)
        .open(model.writeTo(folder), SessionOptions.cpu(1));
  }

  /** Bytes of the answer. */
  private long zerosOf(ModelSession session, long bytes) {
    try (Tensor n = Tensor.allocate(pool, DataType.INT64, Shape.of(1))) {
      n.data().putLong(0, bytes / Float.BYTES);
      List<Tensor> answer = session.run(List.of(new NamedTensor("n", n)), List.of("y"));
      try {
        return answer.getFirst().byteSize();
      } finally {
        answer.forEach(Tensor::close);
      }
    }
  }
}
