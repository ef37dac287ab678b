package io.onnxfleet.inference.protocol.openai.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.onnxfleet.engine.error.InferenceException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class EmbeddingsRequestReaderFuzzTest {
  private static final Logger log = LoggerFactory.getLogger(EmbeddingsRequestReaderFuzzTest.class);
  private static final List<String> BODIES =
      List.of(
          "{\"model\":\"m\",\"input\":\"some text\",\"dimensions\":12}",
          "{\"input\":[\"a\",\"b\\u00e9\"],\"encoding_format\":\"base64\",\"user\":\"u\"}",
          "{\"input\":[[1,2],[3]],\"model\":null}",
          "{\"input\":[1,2,3]}");
  private static final byte[] BYTES =
      "{}[]\",:0123456789.eE+-truefalsn\\u\u00e9 \n\0".getBytes(StandardCharsets.UTF_8);

  @Test
  void read_refusesOrAccepts_whateverComes() throws IOException {
    String given = System.getProperty("test.seed", "");
    long seed = given.isEmpty() ? System.nanoTime() : Long.parseLong(given);
    log.info("replay with -Dtest.seed={}", seed);
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    int accepted = 0;
    for (int round = 0; round < 50_000; round++) {
      byte[] body = mutated(random);
      try {
        EmbeddingsRequest request = EmbeddingsRequestReader.read(new ByteArrayInputStream(body));
        assertThat(request.input()).isNotEmpty();
        accepted++;
      } catch (InferenceException refused) {
        assertThat(refused).hasMessageMatching("(?s).{5,400}");
      } catch (RuntimeException defect) {
        fail("seed %d, body %s".formatted(seed, new String(body, StandardCharsets.UTF_8)), defect);
      }
    }
    assertThat(accepted).isBetween(1, 49_999);
  }

  private static byte[] mutated(RandomGenerator random) {
    byte[] body = BODIES.get(random.nextInt(BODIES.size())).getBytes(StandardCharsets.UTF_8);
    for (int mutation = random.nextInt(1, 4); mutation > 0 && body.length > 1; mutation--) {
      int at = random.nextInt(body.length);
      switch (random.nextInt(4)) {
        case 0 -> body[at] = BYTES[random.nextInt(BYTES.length)];
        case 1 -> body[at] = (byte) random.nextInt();
        case 2 -> body = Arrays.copyOf(body, at);
        default -> {
          byte[] longer = new byte[body.length + 1];
          System.arraycopy(body, 0, longer, 0, at);
          longer[at] = BYTES[random.nextInt(BYTES.length)];
          System.arraycopy(body, at, longer, at + 1, body.length - at);
          body = longer;
        }
      }
    }
    return body;
  }
}
