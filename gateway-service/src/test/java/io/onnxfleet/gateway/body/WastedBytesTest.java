package io.onnxfleet.gateway.body;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.call.BodySource;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.FakeAnswer;
import io.onnxfleet.gateway.call.TestCalls;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;

class WastedBytesTest {

  private static final int MEGABYTE = 1_000_000;
  private static final int SMALL = (int) WastedBytes.FREE;

  private long now;
  private final WastedBytes wasted = new WastedBytes(MEGABYTE, () -> now);

  @Test
  void largeBodies_areRefused_onceWordsThatAreNoTokensHaveUsedUpWhatMayBeWasted() {
    for (int i = 0; i < 6; i++) {
      answered("a", words(MEGABYTE), 200, HeaderNames.UNITS, "rows=1, tokens=3");
    }

    assertRefused("a", words(MEGABYTE));
  }

  @Test
  void smallBodies_andThoseOfOtherCallers_areTakenAllTheSame() {
    wasteAll("a");

    assertTaken("a", words(SMALL));
    assertTaken("b", words(MEGABYTE));
    assertRefused("a", words(MEGABYTE));
    assertRefused("a", words(SMALL, "Content-Encoding", "gzip"));
  }

  /** Whole, and cut to a window of 256 tokens for each of 20 long texts. */
  @Test
  void texts_wasteNothing() {
    for (int i = 0; i < 1_000; i++) {
      answered("a", words(MEGABYTE), 200, HeaderNames.UNITS, "rows=200, tokens=200000");
      answered("a", words(8 * MEGABYTE), 200, HeaderNames.UNITS, "rows=20, tokens=5120");
    }

    assertTaken("a", words(MEGABYTE));
  }

  @Test
  void tensors_wasteNothing_unlessTheyAreRefused() {
    for (int i = 0; i < 1_000; i++) {
      answered("a", tensors(MEGABYTE), 200, HeaderNames.UNITS, "rows=1");
    }
    assertTaken("a", tensors(MEGABYTE));

    for (int i = 0; i < 6; i++) {
      answered("a", tensors(MEGABYTE), 400);
    }
    assertRefused("a", tensors(MEGABYTE));
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 408, 409, 413, 429, 500, 503, 504})
  void refusals_wasteNothing_whereTheContentIsNotWhatWasRefused(int status) {
    for (int i = 0; i < 100; i++) {
      answered("a", words(MEGABYTE), status);
    }

    assertTaken("a", words(MEGABYTE));
  }

  @Test
  void compressedBodies_countAsTheReplicaReadThem() {
    answered(
        "a", words(63_000, "Content-Encoding", "gzip"), 413, HeaderNames.BODY_BYTES, "62000000");

    assertRefused("a", words(63_000, "Content-Encoding", "gzip"));
  }

  @Test
  void bodies_thatDoNotSayTheirLength_countToo() {
    answered("a", chunked(), 400, HeaderNames.BODY_BYTES, "62000000");

    Call again = chunked();
    assertThatCode(() -> wasted.begin("a", again)).doesNotThrowAnyException();
    assertThatCode(() -> wasted.taken("a", again, new RequestBody.Kept(new byte[SMALL])))
        .doesNotThrowAnyException();
    assertThatExceptionOfType(GatewayException.class)
        .isThrownBy(
            () ->
                wasted.taken(
                    "a", again, new RequestBody.Held(List.of(new byte[SMALL + 1]), SMALL + 1)));
  }

  @Test
  void wait_isTold_endsWithTime_andIsNeverLong() {
    answered(
        "a", words(63_000, "Content-Encoding", "gzip"), 400, HeaderNames.BODY_BYTES, "9999999999");

    assertThatExceptionOfType(GatewayException.class)
        .isThrownBy(() -> wasted.begin("a", words(MEGABYTE)))
        .returns(ErrorCode.QUOTA_EXCEEDED, GatewayException::code)
        .returns((long) WastedBytes.LONGEST_WAIT_SECONDS, GatewayException::retryAfterSeconds);

    now += TimeUnit.SECONDS.toNanos(WastedBytes.LONGEST_WAIT_SECONDS);
    assertTaken("a", words(MEGABYTE));
  }

  @Test
  void nothing_isCounted_whereAllMayBeWasted() {
    WastedBytes off = new WastedBytes(0, () -> now);
    for (int i = 0; i < 100; i++) {
      Call call = words(MEGABYTE);
      off.begin("a", call);
      off.taken("a", call, streamed(call));
      answer(call, 400);
    }

    assertThatCode(() -> off.begin("a", words(MEGABYTE))).doesNotThrowAnyException();
  }

  @Test
  void refusals_wasteNothing_beforeTheBodyIsTakenIn() {
    for (int i = 0; i < 100; i++) {
      Call call = words(MEGABYTE);
      wasted.begin("a", call);
      answer(call, 404);
    }

    assertTaken("a", words(MEGABYTE));
  }

  private void wasteAll(String caller) {
    for (int i = 0; i < 6; i++) {
      answered(caller, words(MEGABYTE), 400);
    }
  }

  private void answered(String caller, Call call, int status, String... headers) {
    wasted.begin(caller, call);
    wasted.taken(caller, call, streamed(call));
    answer(call, status, headers);
  }

  private static RequestBody streamed(Call call) {
    return new RequestBody.Streamed(Flux.empty(), call.body().declaredLength());
  }

  private static void answer(Call call, int status, String... headers) {
    call.answer().status(status);
    for (int i = 0; i < headers.length; i += 2) {
      call.answer().headers().set(headers[i], headers[i + 1]);
    }
    call.answer().complete().block();
  }

  private void assertTaken(String caller, Call call) {
    assertThatCode(() -> wasted.begin(caller, call)).doesNotThrowAnyException();
  }

  private void assertRefused(String caller, Call call) {
    assertThatExceptionOfType(GatewayException.class).isThrownBy(() -> wasted.begin(caller, call));
  }

  private static Call words(int bytes, String... headers) {
    return call(ApiCall.EMBEDDINGS, new Sent(bytes), headers);
  }

  private static Call tensors(int bytes) {
    return call(ApiCall.INFER, new Sent(bytes));
  }

  private static Call chunked() {
    return call(ApiCall.EMBEDDINGS, new Sent(-1));
  }

  private static Call call(ApiCall asked, BodySource body, String... headers) {
    Call call = TestCalls.infer("m", new FakeAnswer(), Long.MAX_VALUE, headers);
    return new Call(
        new ApiCall.Asked(asked, asked == ApiCall.INFER ? "m" : null, null),
        call.head(),
        call.access(),
        call.origin(),
        call.trace(),
        call.deadline(),
        body,
        call.answer());
  }

  /** Says its length; nobody reads it. */
  private record Sent(long declaredLength) implements BodySource {
    @Override
    public boolean isEmpty() {
      return false;
    }

    @Override
    public Flux<DataBuffer> pieces() {
      return Flux.empty();
    }

    @Override
    public Throwable failureAtEnd() {
      throw new IllegalStateException("nobody reads it");
    }
  }
}
