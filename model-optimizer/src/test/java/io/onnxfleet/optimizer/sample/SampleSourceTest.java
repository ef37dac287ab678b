package io.onnxfleet.optimizer.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleSourceTest {
  @TempDir Path folder;

  /** y = x + b and an input of whole numbers beside it. */
  private Path twoInputs() {
    return TestModels.write(
        folder.resolve("two.onnx"),
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, -1, 2))
            .addInput(TestModels.value("n", TestModels.INT64, -1))
            .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 2))
            .addOutput(TestModels.value("m", TestModels.INT64, -1))
            .addNode(TestModels.node("Neg", "neg", List.of("x"), "y"))
            .addNode(TestModels.node("Neg", "neg_whole", List.of("n"), "m")));
  }

  private Path oneInput() {
    return TestModels.write(
        folder.resolve("one.onnx"),
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, -1, 2))
            .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 2))
            .addNode(TestModels.node("Neg", "neg", List.of("x"), "y")));
  }

  private static SampleSet samples(Path model, Path given) {
    try (RunnableModel open = RunnableModel.open(model, SessionSettings.DEFAULT)) {
      SampleSet samples = new SampleSource(new Random(1), 3).samplesFor(open, given);
      samples.samples().forEach(open::run);
      return samples;
    }
  }

  private static Tensor tensor(SampleSet samples, int sample, String name) {
    return samples.samples().get(sample).stream()
        .filter(value -> value.name().equals(name))
        .map(TensorValue::tensor)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void requests_areSamples_inAnArrayAndOneALine() throws IOException {
    String request =
        """
        {"inputs": [{"name": "n", "datatype": "INT64", "shape": [1], "data": [9007199254740993]},
         {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [[1.5, -2]]}]}"""
            .replace('\n', ' ');
    for (String text :
        List.of(
            request + '\n' + request + '\n',
            "[" + request + "," + request + "]",
            // As Windows' editors save text.
            "\uFEFF" + request + "\r\n" + request)) {
      Path file = Files.writeString(folder.resolve("requests.json"), text);
      SampleSet samples = samples(twoInputs(), file);
      assertThat(samples.size()).isEqualTo(2);
      assertThat(tensor(samples, 1, "x").floats()).containsExactly(1.5f, -2);
      assertThat(tensor(samples, 1, "n").longs()).containsExactly(9007199254740993L);
    }
  }

  @Test
  void requests_areRefused_whenTheyDoNotFit() throws IOException {
    Path file = folder.resolve("requests.json");
    Path model = oneInput();
    String start = "{\"inputs\": [{\"name\": \"x\", \"datatype\": ";
    for (String[] wrong :
        new String[][] {
          {start + "\"FP32\", \"shape\": [1, 2], \"data\": [1]}]}", "1 elements (expected: 2"},
          {start + "\"FP32\", \"shape\": [1, 3], \"data\": [1, 2, 3]}]}", "shape [1, 3] (expected"},
          {start + "\"FP64\", \"shape\": [1, 2], \"data\": [1, 2]}]}", "datatype 'FP64'"},
          {start + "\"FP32\", \"shape\": [1, 2], \"data\": [1, \"a\"]}]}", "(expected: numbers)"},
          {"{\"inputs\": []}", "(expected: 'x' among them)"},
          {"{\"inputs\"", "no samples can be read"},
          {"", "no samples (expected"},
        }) {
      Files.writeString(file, wrong[0]);
      assertThatThrownBy(() -> samples(model, file))
          .isInstanceOf(OptimizerException.class)
          .hasMessageContaining(wrong[1]);
    }
  }

  @Test
  void array_isCutIntoRows() throws IOException {
    // FP64, as NumPy makes it.
    ByteBuffer data = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
    for (int index = 0; index < 6; index++) {
      data.putDouble(index);
    }
    Path file = Files.write(folder.resolve("x.npy"), array("<f8", "(3, 2)", "False", data.array()));
    SampleSet samples = samples(oneInput(), file);
    assertThat(samples.size()).isEqualTo(3);
    assertThat(tensor(samples, 2, "x").floats()).containsExactly(4, 5);
    assertThat(tensor(samples, 2, "x").dimensions()).containsExactly(1, 2);
  }

  @Test
  void archive_holdsAnArrayForEachInput() throws IOException {
    Path file = folder.resolve("inputs.npz");
    try (ZipOutputStream archive = new ZipOutputStream(Files.newOutputStream(file))) {
      archive.putNextEntry(new ZipEntry("x.npy"));
      // One axis more: whole tensors.
      archive.write(array("<f4", "(1, 2, 2)", "False", new byte[16]));
      archive.putNextEntry(new ZipEntry("n.npy"));
      archive.write(array("<i8", "(1,)", "False", new byte[8]));
    }
    SampleSet samples = samples(twoInputs(), file);
    assertThat(tensor(samples, 0, "x").dimensions()).containsExactly(2, 2);
    assertThat(tensor(samples, 0, "n").dimensions()).containsExactly(1);
  }

  @Test
  void array_isRefused_whenItIsNoneThatCanBeRead() throws IOException {
    Path file = folder.resolve("x.npy");
    Path model = oneInput();
    for (Object[] wrong :
        new Object[][] {
          {"text, not an array".getBytes(StandardCharsets.UTF_8), "not a NumPy array"},
          {array(">f4", "(1, 2)", "False", new byte[8]), "little-endian"},
          {array("<f4", "(1, 2)", "True", new byte[8]), "in C order"},
          {array("<U4", "(1, 2)", "False", new byte[8]), "(expected: an array of numbers)"},
          {array("<f4", "(2, 2)", "False", new byte[8]), "has 8 bytes (expected: 16)"},
          {array("<f4", "(1, 3)", "False", new byte[12]), "shape [1, 3] (expected"},
        }) {
      Files.write(file, (byte[]) wrong[0]);
      assertThatThrownBy(() -> samples(model, file))
          .isInstanceOf(OptimizerException.class)
          .hasMessageContaining((String) wrong[1]);
    }
  }

  @Test
  void tensor_isASample_ofAModelOfOneInput() throws IOException {
    Path file =
        Files.write(
            folder.resolve("x.pb"),
            TensorProto.newBuilder()
                .setDataType(1)
                .addDims(1)
                .addDims(2)
                .addFloatData(3)
                .addFloatData(4)
                .build()
                .toByteArray());
    assertThat(tensor(samples(oneInput(), file), 0, "x").floats()).containsExactly(3, 4);
    Path two = twoInputs();
    assertThatThrownBy(() -> samples(two, file)).hasMessageContaining("input_1.pb");
  }

  @Test
  void variations_stayNear_andAreTheSameForTheSameSeed() {
    SampleSet one =
        new SampleSet(
            "test",
            List.of(
                List.of(
                    new TensorValue("x", Tensor.ofFloats(new float[] {0, 1, 2, 3}, 1, 1, 2, 2)),
                    new TensorValue("n", Tensor.ofLongs(new long[] {7}, 1)))));
    SampleSet varied = new Variations(new Random(5)).of(one, 4);
    SampleSet again = new Variations(new Random(5)).of(one, 4);
    assertThat(varied.size()).isEqualTo(4);
    for (int index = 0; index < 4; index++) {
      assertThat(tensor(varied, index, "x").floats())
          .containsExactly(tensor(again, index, "x").floats());
      assertThat(tensor(varied, index, "n").longs()).containsExactly(7);
      for (float number : tensor(varied, index, "x").floats()) {
        assertThat(number).isBetween(-0.6f, 3.6f);
      }
    }
  }

  private static byte[] array(String type, String shape, String fortran, byte[] data)
      throws IOException {
    String header =
        "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }".formatted(type, fortran, shape);
    String padded = header + " ".repeat(63 - (header.length() + 10) % 64) + '\n';
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    bytes.write(padded.length() & 0xff);
    bytes.write(padded.length() >> 8);
    bytes.writeBytes(padded.getBytes(StandardCharsets.US_ASCII));
    bytes.writeBytes(data);
    return bytes.toByteArray();
  }

  @Test
  void randomSamples_areFewer_whenTheInputIsLarge() {
    Path large =
        TestModels.write(
            folder.resolve("large.onnx"),
            GraphProto.newBuilder()
                .addInput(TestModels.value("x", TestModels.FLOAT, 10))
                .addOutput(TestModels.value("y", TestModels.FLOAT, 10))
                .addNode(TestModels.node("Neg", "neg", List.of("x"), "y")));

    try (RunnableModel open = RunnableModel.open(large, SessionSettings.DEFAULT)) {
      assertThat(new SampleSource(new Random(1), 1_000, 100).samplesFor(open, null).samples())
          .hasSize(2);
    }
  }
}
