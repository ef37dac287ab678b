package io.onnxfleet.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.body.RequestBody;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;
import reactor.core.scheduler.Schedulers;

class ModelSearchTest {

  private static final int MEGABYTE = 1024 * 1024;

  private final List<Long> rests = new ArrayList<>();

  /** Each look at the clock finds it a microsecond later. */
  private long now;

  private final ModelSearch search =
      new ModelSearch(
          new RequestedModel("default", 64L * MEGABYTE),
          new ByteBudget(256L * MEGABYTE),
          Schedulers.immediate(),
          Schedulers.immediate(),
          () -> now += 1_000,
          rests::add);

  @Test
  void modelAtTheFront_isFoundWithoutRest() throws IOException {
    byte[] body = bytes("{\"model\":\"a\",\"input\":\"" + "x ".repeat(MEGABYTE) + "\"}");

    assertThat(modelIn(body, null)).isEqualTo("a");
    assertThat(modelIn(gzip(body), "gzip")).isEqualTo("a");
    assertThat(rests).isEmpty();
  }

  /** As OpenAI's client for Python sends it. */
  @Test
  void modelBehindTheInput_isFoundWithThreePartsOfRest() {
    assertThat(modelIn(bytes(behind(8 * MEGABYTE)), null)).isEqualTo("a");

    assertThat(rests).hasSizeGreaterThan(20).allMatch(nanos -> nanos == 3_000);
  }

  @Test
  void bodyThatInflatesToFarMore_restsFifteenParts_fromThereOn() throws IOException {
    assertThat(modelIn(gzip(bytes(behind(32 * MEGABYTE))), "gzip")).isEqualTo("a");

    assertThat(rests).first().isEqualTo(3_000L);
    assertThat(rests).last().isEqualTo(15_000L);
    assertThat(rests.stream().filter(nanos -> nanos == 15_000)).hasSizeGreaterThan(100);
  }

  private @Nullable String modelIn(byte[] body, @Nullable String coding) {
    HttpHeaders headers = new HttpHeaders();
    if (coding != null) {
      headers.set(HttpHeaders.CONTENT_ENCODING, coding);
    }
    return search.in(headers, new RequestBody.Kept(body)).block();
  }

  private static String behind(int length) {
    return "{\"input\":\"" + "1".repeat(length) + "\",\"model\":\"a\"}";
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] gzip(byte[] body) throws IOException {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    try (GZIPOutputStream stream = new GZIPOutputStream(sent)) {
      stream.write(body);
    }
    return sent.toByteArray();
  }
}
