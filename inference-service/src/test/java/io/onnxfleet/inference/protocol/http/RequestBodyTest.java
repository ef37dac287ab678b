package io.onnxfleet.inference.protocol.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;

class RequestBodyTest {
  private static final int SIZE = 4 << 20;

  private final List<Long> rests = new ArrayList<>();
  private final InflationPace pace = new InflationPace(rests::add);

  /** Each look at the clock finds it 100 us later. */
  private long now;

  @Test
  void bodyThatInflatesToFarMore_restsFifteenPartsForOneOfWork() throws IOException {
    assertThat(read(new byte[SIZE], ContentCoding.GZIP)).isEqualTo(SIZE);

    assertThat(rests).hasSizeGreaterThan(40).allMatch(rest -> rest == 1_500_000);
  }

  @Test
  void bodyOfNumbers_andOneThatIsNotCompressed_neverRest() throws IOException {
    StringBuilder numbers = new StringBuilder();
    Random random = new Random(5);
    while (numbers.length() < SIZE) {
      numbers.append(random.nextFloat()).append(',');
    }

    read(numbers.toString().getBytes(StandardCharsets.US_ASCII), ContentCoding.GZIP);
    read(numbers.toString().getBytes(StandardCharsets.US_ASCII), ContentCoding.DEFLATE);
    read(new byte[SIZE], ContentCoding.IDENTITY);

    assertThat(rests).isEmpty();
  }

  @Test
  void bytesThatWereRead_areKnownOfTheRequest_whereTheyAreMany() throws IOException {
    RequestBodies bodies = new RequestBodies(SIZE, new BodyBudget(SIZE), () -> 0, pace);
    MockHttpServletRequest request = new MockHttpServletRequest();
    assertThat(RequestBody.bytesOf(request)).isNull();
    request.setContent(new byte[SIZE]);
    try (RequestBody body = bodies.open(request, Deadline.NONE)) {
      body.readNBytes((int) InflationPace.UNHURRIED_ABOVE);
      assertThat(RequestBody.bytesOf(request)).isNull();

      body.readAllBytes();
    }
    assertThat(RequestBody.bytesOf(request)).isEqualTo(Long.toString(SIZE));
  }

  @Test
  void rest_isBounded_whereTheClientWasSlow() {
    pace.restFor(30_000_000_000L);

    assertThat(rests).containsExactly(30_000_000L);
  }

  @Test
  void answer_countsAgainstTheBudget_untilTheBodyIsClosed() throws IOException {
    BodyBudget budget = new BodyBudget(SIZE);
    RequestBodies bodies = new RequestBodies(SIZE, budget, () -> 0, pace);
    MockHttpServletRequest request = new MockHttpServletRequest();
    request.setContent(new byte[100]);
    try (RequestBody body = bodies.open(request, Deadline.NONE);
        RequestBody other = bodies.open(request, Deadline.NONE)) {
      body.coverAnswer(SIZE);
      assertThat(budget.reservedBytes()).isEqualTo(SIZE - BodyBudget.FREE);

      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> other.coverAnswer(3 * BodyBudget.FREE))
          .returns(ErrorCode.MEMORY_EXHAUSTED, InferenceException::code);
    }
    assertThat(budget.reservedBytes()).isZero();
  }

  private long read(byte[] content, ContentCoding coding) throws IOException {
    MockHttpServletRequest request = new MockHttpServletRequest();
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    try (OutputStream stream = coding.compress(sent)) {
      stream.write(content);
    }
    request.setContent(sent.toByteArray());
    if (coding != ContentCoding.IDENTITY) {
      request.addHeader("Content-Encoding", coding.label());
    }
    RequestBodies bodies =
        new RequestBodies(64 << 20, new BodyBudget(64 << 20), () -> now += 100_000, pace);
    try (RequestBody body = bodies.open(request, Deadline.NONE)) {
      byte[] buffer = new byte[8 << 10];
      long count = 0;
      for (int read = body.read(buffer, 0, 8 << 10); read >= 0; ) {
        count += read;
        read = body.read(buffer, 0, 8 << 10);
      }
      return count;
    }
  }
}
