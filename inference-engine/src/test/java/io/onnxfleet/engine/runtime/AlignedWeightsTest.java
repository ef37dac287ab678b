package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.Protobuf;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights of kept graphs begin where kernels may read them; others end the process that runs. */
class AlignedWeightsTest {

  /** Sides of matrices of 1,079,520, 76,812 and 10,212 bytes. */
  private static final int[] ODD = {520, 519, 37, 69};

  private static final long ROOM = 1L << 30;

  private final BufferPool pool = BufferPool.ofDefaults();

  @TempDir Path folder;

  @Test
  void form_hasItsWeightsAligned_andAnswersAsTheModelItself() throws IOException {
    Path model = oddMatrices(new Random(7)).writeTo(folder);
    float[] plain = answer(new OnnxRuntime(pool), ModelSource.unchanging(model));
    GraphCache cache = Objects.requireNonNull(GraphCache.open(folder.resolve("cache"), ROOM));
    assertThat(answer(new OnnxRuntime(pool, cache), known(model))).containsExactly(plain);
    Path form = form();
    assertThat(AlignedWeights.firstUnaligned(form.resolve(GraphCache.MODEL))).isEmpty();
    // Three matrices and what they are once packed.
    assertThat(places(form)).hasSize(6).allMatch(place -> place % AlignedWeights.ALIGNMENT == 0);
    assertThat(form.resolve(GraphCache.REFUSED)).doesNotExist();
  }

  /** As an earlier version left them: of another key, but in the same folder. */
  @Test
  void form_isMadeAnew_whenItsWeightsAreNotAligned() throws IOException {
    Path model = oddMatrices(new Random(7)).writeTo(folder);
    Path cache = folder.resolve("cache");
    OnnxRuntime runtime =
        new OnnxRuntime(pool, Objects.requireNonNull(GraphCache.open(cache, ROOM)));
    float[] answer = answer(runtime, known(model));
    Path form = form();
    Path file = form.resolve(GraphCache.MODEL);
    byte[] intact = Files.readAllBytes(file);
    Files.write(
        file,
        tensor(entry("location", "weights.bin"), entry("offset", "12"), entry("length", "8")));
    Files.writeString(form.resolve(GraphCache.SEAL), GraphCache.seal(form));
    OnnxRuntime later = new OnnxRuntime(pool, Objects.requireNonNull(GraphCache.open(cache, ROOM)));
    assertThat(answer(later, known(model))).containsExactly(answer);
    assertThat(file).hasBinaryContent(intact);
  }

  @Test
  void align_movesPieces_andKeepsTheirBytes() throws IOException {
    byte[] bytes = new byte[2_000_000];
    new Random(3).nextBytes(bytes);
    Path weights = Files.write(folder.resolve("weights.bin"), bytes);
    Path model =
        Files.write(
            folder.resolve("model.onnx"),
            tensor(
                entry("location", "weights.bin"),
                entry("offset", "10"),
                entry("length", "1500"),
                entry("prepacked_0", "Gemm+1|1510;1100000;7|1900003;33;8")));
    AlignedWeights.align(model, weights);
    assertThat(AlignedWeights.firstUnaligned(model)).isEmpty();
    byte[] moved = Files.readAllBytes(weights);
    assertThat(new String(Files.readAllBytes(model), StandardCharsets.ISO_8859_1))
        .contains("Gemm+1|4096;1100000;7|1104128;33;8");
    assertThat(Arrays.copyOfRange(moved, 0, 1500)).isEqualTo(Arrays.copyOfRange(bytes, 10, 1510));
    assertThat(Arrays.copyOfRange(moved, 4096, 1104096))
        .isEqualTo(Arrays.copyOfRange(bytes, 1510, 1101510));
    assertThat(Arrays.copyOfRange(moved, 1104128, 1104161))
        .isEqualTo(Arrays.copyOfRange(bytes, 1900003, 1900036));
  }

  @Test
  void align_refusesWhatItCannotRead() throws IOException {
    Path weights = Files.write(folder.resolve("weights.bin"), new byte[1000]);
    assertRefused(weights, "'x' (expected a number)", entry("offset", "x"));
    assertRefused(weights, "expected: behind 0 and within 1000", entry("offset", "990"));
    assertRefused(weights, "expected 'weights.bin'", entry("location", "/etc/passwd"));
    assertRefused(weights, "expected one", entry("prepacked_0", "Gemm|0;101;0"));
    assertRefused(weights, "expected offset;length;checksum", entry("prepacked_0", "Gemm|5"));
    assertRefused(weights, "expected: behind 100", entry("prepacked_0", "Gemm|50;101;0"));
  }

  private void assertRefused(Path weights, String message, Protobuf further) throws IOException {
    Path model =
        Files.write(
            folder.resolve("model.onnx"),
            tensor(entry("location", "weights.bin"), entry("length", "100"), further));
    assertThatThrownBy(() -> AlignedWeights.align(model, weights))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
    assertThat(weights).hasSize(1000);
  }

  private static byte[] tensor(Protobuf... entries) {
    Protobuf tensor = new Protobuf().text(8, "w");
    for (Protobuf entry : entries) {
      tensor.message(13, entry);
    }
    return new Protobuf().message(7, new Protobuf().message(5, tensor)).toByteArray();
  }

  private static Protobuf entry(String key, String value) {
    return new Protobuf().text(1, key).text(2, value);
  }

  /** Where weights begin, read in another way. */
  private static List<Long> places(Path form) throws IOException {
    String text = Files.readString(form.resolve(GraphCache.MODEL), StandardCharsets.ISO_8859_1);
    return Stream.concat(
            Pattern.compile("offset\\x12.(\\d+)").matcher(text).results(),
            Pattern.compile("\\|(\\d+);\\d+;").matcher(text).results())
        .map(result -> Long.valueOf(result.group(1)))
        .toList();
  }

  private Path form() throws IOException {
    try (Stream<Path> entries = Files.list(folder.resolve("cache"))) {
      return entries.filter(Files::isDirectory).findFirst().orElseThrow();
    }
  }

  private static ModelSource known(Path model) {
    return new ModelSource() {
      @Override
      public Path modelFile() {
        return model;
      }

      @Override
      public String content() {
        return "odd";
      }

      @Override
      public long byteSize() {
        return model.toFile().length();
      }

      @Override
      public Copy copy() {
        return ModelSource.unchanging(model).copy();
      }
    };
  }

  private float[] answer(OnnxRuntime runtime, ModelSource model) {
    float[] x = new float[3 * ODD[0]];
    Random random = new Random(11);
    for (int element = 0; element < x.length; element++) {
      x[element] = (float) random.nextGaussian();
    }
    Tensor rows = Tensor.ofFloats(pool, Shape.of(3, ODD[0]), x);
    List<Tensor> outputs = List.of();
    try (ModelSession session = runtime.open(model, SessionOptions.cpu(1))) {
      outputs = session.run(List.of(new NamedTensor("x", rows)), List.of("y"));
      float[] answer = new float[3 * ODD[3]];
      outputs.getFirst().data().asFloatBuffer().get(answer);
      return answer;
    } finally {
      rows.close();
      outputs.forEach(Tensor::close);
    }
  }

  /**
   * y = xWVU over FP32 rows, with weights of one and of less than a megabyte whose sizes are no
   * multiples of a register's.
   */
  private static OnnxGraph oddMatrices(Random random) {
    return TinyModel.graph()
        .floats("w", new long[] {ODD[0], ODD[1]}, gaussian(random, ODD[0] * ODD[1]))
        .floats("v", new long[] {ODD[1], ODD[2]}, gaussian(random, ODD[1] * ODD[2]))
        .floats("u", new long[] {ODD[2], ODD[3]}, gaussian(random, ODD[2] * ODD[3]))
        .node("MatMul", "x w", "xw")
        .node("MatMul", "xw v", "xwv")
        .node("MatMul", "xwv u", "y")
        .input("x", DataType.FP32, "rows", Integer.toString(ODD[0]))
        .output("y", DataType.FP32, "rows", Integer.toString(ODD[3]));
  }

  private static float[] gaussian(Random random, int count) {
    float[] values = new float[count];
    for (int index = 0; index < count; index++) {
      values[index] = (float) random.nextGaussian();
    }
    return values;
  }
}
