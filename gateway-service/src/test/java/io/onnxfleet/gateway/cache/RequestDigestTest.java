package io.onnxfleet.gateway.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class RequestDigestTest {

  private static String json(String text) {
    return new RequestDigest().addJson(text.getBytes(StandardCharsets.UTF_8)).text();
  }

  @Test
  void addJson_isTheSame_whereWhiteSpaceMeansNothing() {
    assertThat(json(" { \"a\" : [ 1 ,\n\t2 ] }\r\n")).isEqualTo(json("{\"a\":[1,2]}"));
  }

  @Test
  void addJson_differs_whereWhiteSpaceMeansSomething() {
    assertThat(json("[1 2]")).isNotEqualTo(json("[12]"));
    assertThat(json("[\"a b\"]")).isNotEqualTo(json("[\"ab\"]"));
    assertThat(json("[\"a\\\" b\"]")).isNotEqualTo(json("[\"a\\\"b\"]"));
    assertThat(json("[\"\\\\\" ,1]")).isEqualTo(json("[\"\\\\\",1]"));
  }

  @Test
  void add_differs_whenPartsAreCutElsewhere() {
    assertThat(new RequestDigest().add("ab").add("c").text())
        .isNotEqualTo(new RequestDigest().add("a").add("bc").text());
    assertThat(new RequestDigest().add((String) null).text())
        .isNotEqualTo(new RequestDigest().add("").text());
  }

  @Test
  void addJson_isTheSameOverRandomDocuments_compactOrPretty() {
    long seed = Long.getLong("test.seed", 11);
    Random random = new Random(seed);
    JsonMapper mapper = JsonMapper.shared();
    for (int i = 0; i < 200; i++) {
      ObjectNode node = mapper.createObjectNode();
      ArrayNode values = node.putArray("values");
      for (int n = random.nextInt(400); n > 0; n--) {
        if (random.nextBoolean()) {
          values.add(random.nextInt());
        } else {
          values.add(" \\\"{[ " + (char) random.nextInt(0x2000));
        }
      }
      assertThat(json(node.toPrettyString())).as("seed %d", seed).isEqualTo(json(node.toString()));
    }
  }
}
