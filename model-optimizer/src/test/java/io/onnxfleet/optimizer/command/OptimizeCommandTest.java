package io.onnxfleet.optimizer.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.proto.GraphProto;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class OptimizeCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private Path model = Path.of("");

  @BeforeEach
  void writeModel() {
    model = TestModels.write(folder.resolve("model.onnx"), TestModels.perceptron(new Random(1)));
  }

  private int run(Object... arguments) {
    return OptimizeCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
        .execute(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
  }

  private List<String> files() {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    } catch (IOException failure) {
      throw new java.io.UncheckedIOException(failure);
    }
  }

  @Test
  void quantize_writesAModelThatLoads() {
    assertThat(run("quantize", model, "-o", folder.resolve("int8.onnx"))).isZero();
    assertThat(files()).containsExactly("int8.onnx", "model.onnx");
    assertThat(OnnxModel.read(folder.resolve("int8.onnx")).graph().nodes())
        .anyMatch(node -> node.is("MatMulInteger"));
    assertThat(out.toString()).contains("8-bit: 2 products, 0 tables", "written: ");
  }

  @Test
  void quantize_writesNothing_whenTheLossIsTooLarge() {
    assertThat(
            run("quantize", model, "-o", folder.resolve("int8.onnx"), "--max-quality-loss", "0%"))
        .isEqualTo(3);
    assertThat(files()).containsExactly("model.onnx");
    assertThat(err.toString()).contains("the quality loss is", "nothing was written");
  }

  @Test
  void quantize_saysWhy_whenTheInputIsNoModel() throws IOException {
    Path text = Files.writeString(folder.resolve("text.onnx"), "no model");
    assertThat(run("quantize", text, "-o", folder.resolve("int8.onnx"))).isEqualTo(1);
    assertThat(err.toString()).startsWith("optimize: ").contains("not an ONNX model");
    assertThat(files()).containsExactly("model.onnx", "text.onnx");
  }

  @Test
  void quantize_saysWhy_whenTheRuntimeRefusesTheModel() {
    GraphProto.Builder graph = TestModels.perceptron(new Random(1));
    graph.setNode(1, graph.getNode(1).toBuilder().setOpType("Frobnicate"));
    Path unknown = TestModels.write(folder.resolve("unknown.onnx"), graph);
    assertThat(run("quantize", unknown, "-o", folder.resolve("int8.onnx"))).isEqualTo(1);
    assertThat(err.toString()).contains("ONNX Runtime refuses the model", "Frobnicate");
    assertThat(files()).containsExactly("model.onnx", "unknown.onnx");
  }

  @Test
  void quantize_findsTheLayersThatHurtMost() {
    assertThat(
            run(
                "quantize",
                model,
                "-o",
                folder.resolve("int8.onnx"),
                "--target-error",
                "0.1%",
                "--smooth",
                "0.5"))
        .isZero();
    assertThat(out.toString())
        .contains(
            "smoothed: 1", "in FP32: ", " of 2 layers: ", "samples that nothing was fitted to");
    assertThat(files()).containsExactly("int8.onnx", "model.onnx");
  }

  @Test
  void quantize_calibrates_whenItIsStatic() {
    for (String format : List.of("qdq", "qoperator")) {
      assertThat(
              run(
                  "quantize",
                  model,
                  "-o",
                  folder.resolve("int8.onnx"),
                  "--static",
                  "--format",
                  format,
                  "--calibration",
                  "percentile",
                  "--target-error",
                  "90%"))
          .as(err.toString())
          .isZero();
      assertThat(out.toString()).contains("8-bit: 2 nodes");
      assertThat(files()).containsExactly("int8.onnx", "model.onnx");
    }
  }

  @Test
  void quantize_makes4Bits_butNotWithEverything() {
    Path result = folder.resolve("int4.onnx");
    assertThat(run("quantize", model, "-o", result, "--bits", "4", "--block-size", "16")).isZero();
    assertThat(out.toString()).contains("4-bit: 1 products, in blocks", "8-bit: 0 tables");
    assertThat(run("quantize", model, "-o", result, "--bits", "4", "--static")).isEqualTo(1);
    assertThat(err.toString()).contains("--static with weights in blocks");
    assertThat(run("quantize", model, "-o", result, "--bits", "3")).isEqualTo(1);
    assertThat(err.toString()).contains("--bits: 3 (expected: 8 or 4)");
  }

  @Test
  void quantize_makesBlocksOf8Bits_whereABlockSizeIsTold() {
    Path result = folder.resolve("int8.onnx");
    assertThat(run("quantize", model, "-o", result, "--block-size", "16", "--fast-products"))
        .isZero();
    assertThat(out.toString()).contains("8-bit: 1 products, in blocks");
    assertThat(run("quantize", model, "-o", result, "--fast-products")).isEqualTo(1);
    assertThat(err.toString())
        .contains("--fast-products (expected: --bits 4 or --block-size with it)");
  }

  @Test
  void quantize_takesAScaleAToken_butNotWithEverything() {
    Path result = folder.resolve("int8.onnx");
    assertThat(run("quantize", model, "-o", result, "--per-token")).isZero();
    assertThat(out.toString()).contains("8-bit: 2 products, 0 tables");
    assertThat(OnnxModel.read(result).graph().nodes())
        .anyMatch(node -> node.operator().equals("MatMulIntegerToFloat"))
        .noneMatch(node -> node.operator().startsWith("DynamicQuantize"));
    assertThat(run("quantize", model, "-o", result, "--per-token", "--static")).isEqualTo(1);
    assertThat(err.toString()).contains("--per-token with --static (expected: one of them");
    assertThat(run("quantize", model, "-o", result, "--per-token", "--bits", "4")).isEqualTo(1);
    assertThat(err.toString()).contains("--per-token with weights in blocks");
  }

  @Test
  void quantize_findsTheLayersThatHurtMost_withAScaleATokenToo() {
    assertThat(
            run(
                "quantize",
                model,
                "-o",
                folder.resolve("int8.onnx"),
                "--per-token",
                "--target-error",
                "0.1%"))
        .isZero();
    assertThat(out.toString()).contains("in FP32: ", " of 2 layers: ");
  }

  @Test
  void convert_writesHalfPrecision_orNothing() {
    Path result = folder.resolve("half.onnx");
    assertThat(run("convert", "--precision", "fp16", model, "-o", result)).isZero();
    assertThat(out.toString()).contains("fp16: 3 of 3 nodes", "relative error");
    assertThat(files()).containsExactly("half.onnx", "model.onnx");
    Path refused = folder.resolve("refused.onnx");
    assertThat(
            run(
                "convert",
                "--precision",
                "fp16",
                "--max-relative-error",
                "0",
                model,
                "-o",
                refused))
        .isEqualTo(1);
    assertThat(err.toString()).contains("the relative error would exceed", "MatMul 'first'");
    assertThat(files()).containsExactly("half.onnx", "model.onnx");
  }

  @Test
  void usage_isExplained_whenAnOptionIsWrong() {
    assertThat(run("quantize", model)).isEqualTo(2);
    assertThat(err.toString()).contains("--output");
    assertThat(run("compare", model, model, "--max-quality-loss", "200%")).isEqualTo(2);
    assertThat(err.toString()).contains("expected: 0 to 1, or 0% to 100%");
    assertThat(run()).isEqualTo(2);
  }

  @Test
  void fuse_dropsWhatNoOutputNeeds_andFreezesShapes() {
    GraphProto.Builder graph =
        TestModels.perceptron(new Random(1))
            .addInitializer(TestModels.weights("idle", new Random(2), 4))
            .addOutput(TestModels.value("a", TestModels.FLOAT, -1, 32));
    Path wide = TestModels.write(folder.resolve("wide.onnx"), graph);
    Path result = folder.resolve("result.onnx");
    assertThat(run("fuse", wide, "-o", result, "--keep-output", "a", "--freeze", "x=3x16"))
        .isZero();
    OnnxModel written = OnnxModel.read(result);
    assertThat(written.graph().nodes()).hasSize(2);
    assertThat(written.graph().isInitializer("w2")).isFalse();
    assertThat(written.graph().inputs().getFirst().getType().getTensorType().getShape().getDim(0))
        .matches(dimension -> dimension.getDimValue() == 3);
    assertThat(written.graph().outputs().getFirst().getType().getTensorType().getShape().getDim(0))
        .matches(dimension -> dimension.getDimValue() == 3);
  }

  @Test
  void fuse_saysWhatThereIs_whenANameIsUnknown() {
    assertThat(run("fuse", model, "-o", folder.resolve("r.onnx"), "--keep-output", "z"))
        .isEqualTo(1);
    assertThat(err.toString()).contains("output 'z' (expected one of: [y])");
    assertThat(run("fuse", model, "-o", folder.resolve("r.onnx"), "--freeze", "m=4")).isEqualTo(1);
    assertThat(err.toString()).contains("dimension 'm' (expected one of: [n])");
    assertThat(files()).containsExactly("model.onnx");
  }

  @Test
  void offline_savesWhatTheRuntimeMadeOfTheModel() {
    Path result = folder.resolve("offline.onnx");
    assertThat(run("optimize", model, "-o", result, "--level", "BASIC")).isZero();
    // MatMul and Add are one Gemm then.
    assertThat(OnnxModel.read(result).graph().nodes()).hasSize(2);
    assertThat(files()).containsExactly("model.onnx", "offline.onnx");
  }

  @Test
  void compare_reportsAndRefuses() throws IOException {
    Path candidate = folder.resolve("int8.onnx");
    Path report = folder.resolve("report.json");
    assertThat(run("quantize", model, "-o", candidate)).isZero();
    assertThat(
            run(
                "compare",
                model,
                candidate,
                "--batch",
                "1,4",
                "--rounds",
                "1",
                "--json",
                report,
                "--max-quality-loss",
                "0"))
        .isEqualTo(3);
    assertThat(out.toString()).contains("| Model | MB | Mean cosine |", "Rows/s at 4");
    JsonNode models = JsonMapper.builder().build().readTree(Files.readString(report)).get("models");
    assertThat(models.size()).isEqualTo(2);
    assertThat(models.get(0).get("meanCosine").asDouble()).isEqualTo(1);
    assertThat(models.get(1).get("relativeError").asDouble()).isBetween(1e-5, 0.05);
    assertThat(models.get(1).get("bytes").asLong()).isEqualTo(Files.size(candidate));
    assertThat(models.get(1).get("speeds").get(1).get("batch").asInt()).isEqualTo(4);
  }

  @Test
  void compare_refuses_whenSamplesHaveAnotherShape() throws IOException {
    Path set = Files.createDirectories(folder.resolve("samples/test_data_set_0"));
    Files.write(
        set.resolve("input_0.pb"),
        TestModels.weights("x", new Random(1), 2, 15).build().toByteArray());
    assertThat(run("compare", model, model, "--no-speed", "--samples", folder.resolve("samples")))
        .isEqualTo(1);
    assertThat(err.toString()).contains("shape [2, 15] (expected: [-1, 16] for input 'x')");
  }

  @Test
  void errors_areStatedFromSamplesThatNothingWasFittedTo_orNotAtAll() throws IOException {
    Path many = folder.resolve("many.jsonl");
    Path one = folder.resolve("one.jsonl");
    Files.writeString(many, requests(8));
    Files.writeString(one, requests(1));
    List<List<Object>> commands =
        List.of(
            List.of("quantize", model, "--static"),
            List.of("quantize", model, "--smooth", "0.5"),
            List.of("quantize", model, "--target-error", "50%"),
            List.of("convert", model, "--precision", "mixed"),
            List.of("prune", model, "--feed-forward", "20%"));
    for (List<Object> command : commands) {
      assertThat(runOn(many, command)).contains("over 2 samples that nothing was fitted to");
      assertThat(runOn(one, command))
          .contains("outputs: no error is stated: no samples were held back")
          .doesNotContain("relative error", "mean cosine");
    }
    // Nothing is fitted here, so that every sample may judge.
    assertThat(runOn(one, List.of("quantize", model))).contains("outputs: mean cosine");
    assertThat(runOn(one, List.of("fuse", model))).contains("outputs: mean cosine");
    assertThat(runOn(one, List.of("convert", model, "--precision", "bf16")))
        .contains("outputs: relative error");
  }

  private String runOn(Path samples, List<Object> command) {
    List<Object> arguments = new ArrayList<>(command);
    arguments.addAll(List.of("-o", folder.resolve("result.onnx"), "--samples", samples));
    if (!command.getFirst().equals("convert") && !command.getFirst().equals("fuse")) {
      arguments.addAll(List.of("--max-quality-loss", "50%"));
    }
    out.getBuffer().setLength(0);
    assertThat(run(arguments.toArray())).as("%s: %s", command, err).isZero();
    return out.toString();
  }

  private static String requests(int count) {
    Random random = new Random(9);
    StringBuilder lines = new StringBuilder();
    for (int line = 0; line < count; line++) {
      String data = random.doubles(16).mapToObj(Double::toString).collect(Collectors.joining(","));
      lines.append(
          "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1,16],\"data\":[%s]}]}%n"
              .formatted(data));
    }
    return lines.toString();
  }
}
