package io.onnxfleet.benchmarks.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

class ModelInputTest {
  @Test
  void parse_readsWhatMetadataDeclare() {
    List<ModelInput> inputs =
        ModelInput.parse(
            JsonMapper.shared()
                .readTree(
                    """
                    {"name": "m", "inputs": [
                      {"name": "input_ids", "datatype": "INT64", "shape": [-1, -1]},
                      {"name": "image", "datatype": "FP32", "shape": [-1, 3, 8]}]}
                    """));

    assertThat(inputs)
        .containsExactly(
            new ModelInput("input_ids", "INT64", List.of(-1L, -1L)),
            new ModelInput("image", "FP32", List.of(-1L, 3L, 8L)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ModelInput.parse(JsonMapper.shared().readTree("{}")))
        .withMessageContaining("declare no input");
  }

  @Test
  void shape_takesRowsFirst_thenTokens() {
    ModelInput ids = new ModelInput("ids", "INT64", List.of(-1L, -1L));
    ModelInput image = new ModelInput("image", "FP32", List.of(1L, 3L, -1L));

    assertThat(ids.shape(4, 32)).containsExactly(4L, 32L);
    assertThat(image.shape(1, 7)).containsExactly(1L, 3L, 7L);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> image.shape(2, 7))
        .withMessage("input 'image': shape [1, 3, -1] takes no 2 rows (expected: --rows 1)");
  }

  @Test
  void values_areValidForTextModels() {
    SplittableRandom random = new SplittableRandom(1);
    List<Long> shape = List.of(2L, 50L);

    double[] ids = new ModelInput("input_ids", "INT64", shape).values(shape, random);
    assertThat(Arrays.stream(ids).boxed()).hasSize(100).allMatch(id -> id >= 1 && id < 100);
    assertThat(new ModelInput("attention_mask", "INT64", shape).values(shape, random))
        .containsOnly(1);
    assertThat(new ModelInput("token_type_ids", "INT64", shape).values(shape, random))
        .containsOnly(0);
    assertThat(new ModelInput("flag", "BOOL", shape).values(shape, random)).containsOnly(0, 1);
  }

  @ParameterizedTest
  @CsvSource({
    "BOOL, 01",
    "UINT8, 01",
    "INT8, 01",
    "INT16, 0100",
    "INT32, 01000000",
    "INT64, 0100000000000000",
    "FP16, 003c",
    "BF16, 803f",
    "FP32, 0000803f",
    "FP64, 000000000000f03f",
    "BYTES, 020000003031"
  })
  void binary_isLittleEndian_inEveryDatatype(String datatype, String hex) {
    byte[] bytes = new ModelInput("x", datatype, List.of(1L)).binary(new double[] {1});

    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(hex);
  }

  @Test
  void json_writesEachDatatypeAsTheProtocolHasIt() {
    assertThat(json("BOOL", 1, 0)).isEqualTo("[true,false]");
    assertThat(json("INT64", 7)).isEqualTo("[7]");
    assertThat(json("FP32", 0.5)).isEqualTo("[0.5]");
    assertThat(json("BYTES", 42)).isEqualTo("[\"42\"]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> json("FP16", 1))
        .withMessage("input 'x': FP16 travels in binary only (expected: --input binary)");
  }

  private static String json(String datatype, double... values) {
    ArrayNode data = JsonMapper.shared().createArrayNode();
    new ModelInput("x", datatype, List.of(1L)).json(values, data);
    return data.toString();
  }
}
