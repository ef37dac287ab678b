package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class MapJsonTest {
  private final BufferPool pool = BufferPool.ofDefaults();

  @Test
  void write_quotesWhatIsNoJsonNumber() {
    try (Tensor keys = Tensor.ofLongs(pool, Shape.of(4), 1, -2, 3, 4);
        Tensor values =
            Tensor.ofFloats(
                pool,
                Shape.of(4),
                Float.NaN,
                Float.POSITIVE_INFINITY,
                Float.NEGATIVE_INFINITY,
                -0f)) {
      assertThat(json(keys, values))
          .isEqualTo("{\"1\":\"NaN\",\"-2\":\"Infinity\",\"3\":\"-Infinity\",\"4\":-0.0}");
    }
  }

  @Test
  void write_escapesTexts() {
    try (Tensor keys = Tensor.ofStrings(pool, Shape.of(3), List.of("", "a\"\\\n\u0001", "é"));
        Tensor values = Tensor.ofStrings(pool, Shape.of(3), List.of("1", "NaN", ""))) {
      assertThat(json(keys, values))
          .isEqualTo("{\"\":\"1\",\"a\\\"\\\\\\u000a\\u0001\":\"NaN\",\"é\":\"\"}");
    }
  }

  @Test
  void write_keepsUnsignedValues() {
    try (Tensor keys = Tensor.ofLongs(pool, Shape.of(1), 7);
        Tensor values = Tensor.allocate(pool, DataType.UINT64, Shape.of(1))) {
      values.data().putLong(-1);
      assertThat(json(keys, values)).isEqualTo("{\"7\":18446744073709551615}");
    }
  }

  @Test
  void write_givesAnEmptyObject_whenThereIsNothing() {
    try (Tensor none = Tensor.ofFloats(pool, Shape.of(0))) {
      assertThat(json(none, none)).isEqualTo("{}");
    }
  }

  private static String json(Tensor keys, Tensor values) {
    return new String(MapJson.write(keys, values), StandardCharsets.UTF_8);
  }
}
