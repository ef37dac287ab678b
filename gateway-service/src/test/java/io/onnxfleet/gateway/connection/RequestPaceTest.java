package io.onnxfleet.gateway.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RequestPaceTest {

  private static final String GET = "GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n";
  private static final String POST =
      "POST /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";

  private final GuardedConnection connection = new GuardedConnection();

  private void pass(long seconds) {
    connection.pass(Duration.ofSeconds(seconds));
  }

  private boolean isClosed() {
    return connection.channel.isOutputShutdown() || !connection.channel.isOpen();
  }

  /** Whether the body that was on its way has ended, whole or not. */
  private boolean hasEnded() {
    return connection.passedOn().endsWith(";");
  }

  @Test
  void head_isRefused_whenItIsNotCompleteInTime() {
    connection.receives("GET /v2 HT");
    pass(9);
    assertThat(connection.sent()).isEmpty();
    pass(1);
    assertThat(connection.sent()).startsWith("HTTP/1.1 408");
    assertThat(isClosed()).isTrue();
  }

  @Test
  void head_hasItsTime_fromItsFirstByte() {
    connection.receives("GET /v2 HT");
    pass(9);
    connection.receives("TP/1.1\r\nHost: x\r\n\r\n");
    connection.answers(200, "ok");
    connection.receives("GET /v2 HT");
    pass(9);
    assertThat(connection.sent()).doesNotContain("408");
    pass(10);
    assertThat(connection.sent()).startsWith("HTTP/1.1 408");
  }

  @Test
  void connectionWithoutARequest_isNotTimed() {
    connection.receives(GET);
    connection.answers(200, "ok");
    pass(3600);
    assertThat(isClosed()).isFalse();
  }

  @Test
  void body_ends_whenItIsSlowerThanTheRate() {
    connection.receives(POST);
    // The time until its first byte is the head's.
    for (int second = 0; second < 11; second++) {
      pass(1);
      connection.receives("x");
      assertThat(hasEnded()).isFalse();
    }
    pass(1);
    connection.receives("x");
    assertThat(hasEnded()).isTrue();
    assertThat(connection.progress.part()).isEqualTo(RequestProgress.Part.BROKEN);
  }

  @Test
  void body_goesOn_whileItIsFastEnough() {
    connection.receives(POST);
    for (int second = 0; second < 60; second++) {
      pass(1);
      connection.receives("x".repeat(1100));
      assertThat(hasEnded()).isFalse();
    }
  }

  @Test
  void body_isNotSlow_whileTheGatewayDoesNotWantIt() {
    connection.receives(POST);
    connection.channel.config().setAutoRead(false);
    connection.receives("x");
    pass(3600);
    assertThat(hasEnded()).isFalse();
    connection.receives("x");
    assertThat(hasEnded()).isFalse();

    connection.channel.config().setAutoRead(true);
    pass(61);
    assertThat(hasEnded()).isTrue();
  }

  @Test
  void body_ends_whenNothingOfItComesAnyMore() {
    connection.receives(POST);
    connection.receives("x".repeat(50_000));
    pass(29);
    assertThat(hasEnded()).isFalse();
    pass(31);
    assertThat(hasEnded()).isTrue();
  }

  @Test
  void pauseOfALaterBody_isItsOwn() {
    connection.receives("POST /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na");
    pass(20);
    connection.receives("b");
    assertThat(hasEnded()).isTrue();
    connection.answers(200, "ok");
    connection.receives(POST);
    pass(15);
    assertThat(hasEnded()).isFalse();
    assertThat(connection.progress.part()).isEqualTo(RequestProgress.Part.BODY);
    pass(60);
    assertThat(connection.progress.part()).isEqualTo(RequestProgress.Part.BROKEN);
  }

  @Test
  void restOfAnAnsweredBody_isTaken_upToABound() {
    connection.receives(POST);
    connection.answers(404, "no");
    connection.receives("x".repeat(600));
    assertThat(isClosed()).isFalse();
    connection.receives("x".repeat(600));
    assertThat(isClosed()).isTrue();
  }

  @Test
  void restOfAnAnsweredBody_isTaken_forATime() {
    connection.receives(POST);
    connection.receives("x".repeat(50_000));
    connection.answers(404, "no");
    pass(20);
    connection.receives("x");
    assertThat(isClosed()).isFalse();
    pass(11);
    connection.receives("x");
    assertThat(isClosed()).isTrue();
  }

  @Test
  void restOfAnAnsweredBody_isWaitedFor_noLongerThanAPause() {
    connection.receives(POST);
    connection.answers(404, "no");
    pass(61);
    assertThat(isClosed()).isTrue();
  }

  @Test
  void otherProtocols_areNotTimed() {
    connection.progress.stepsAside();
    connection.receives("GET /v2 HT");
    pass(3600);
    assertThat(connection.sent()).isEmpty();
    assertThat(isClosed()).isFalse();
  }

  @Test
  void timers_leaveAConnectionAlone_thatIsClosed() {
    connection.receives("GET /v2 HT");
    var _ = connection.channel.close();
    pass(10);
    assertThat(connection.sent()).isEmpty();
    GuardedConnection other = new GuardedConnection();
    other.receives(POST);
    var _ = other.channel.close();
    other.pass(Duration.ofSeconds(60));
    assertThat(other.passedOn()).isEqualTo("POST /v2 ");
  }
}
