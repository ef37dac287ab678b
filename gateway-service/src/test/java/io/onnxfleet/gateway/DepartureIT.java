package io.onnxfleet.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class DepartureIT {

  private static final String REQUEST =
      "POST /v2/models/a/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";

  @Test
  void stoppingGateway_saysCloseWhileItStillAccepts_andThenRefuses() throws Exception {
    try (RunningGateway gateway = new RunningGateway("fleet.gateway.departure.notice=2s");
        FakeReplica one = FakeReplica.answering("one", "{}");
        Socket kept = connect(gateway)) {
      gateway.register(one, "a:1");
      assertThat(exchange(kept)).startsWith("HTTP/1.1 200").doesNotContainIgnoringCase("close");

      long from = System.nanoTime();
      CompletableFuture<Void> stopped = gateway.stopLater();
      // The first that says so may not be the first: the stop takes a moment to begin.
      String last = exchange(kept);
      while (!last.toLowerCase(Locale.ROOT).contains("connection: close")) {
        assertThat(last).startsWith("HTTP/1.1 200");
        last = exchange(kept);
      }
      assertThat(last).startsWith("HTTP/1.1 200");
      assertThat(kept.getInputStream().read()).isEqualTo(-1);

      try (Socket late = connect(gateway)) {
        assertThat(exchange(late))
            .startsWith("HTTP/1.1 200")
            .containsIgnoringCase("connection: close");
        assertThat(late.getInputStream().read()).isEqualTo(-1);
      }
      stopped.get(20, TimeUnit.SECONDS);
      assertThat(System.nanoTime() - from).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(1_900));
      assertThatThrownBy(() -> connect(gateway).close()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void stoppingGateway_saysGoAway_onHttp2() throws Exception {
    try (RunningGateway gateway = new RunningGateway("fleet.gateway.departure.notice=2s");
        Socket client = connect(gateway)) {
      // The preface, with settings that say nothing.
      client.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
      client.getOutputStream().write(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
      DataInputStream frames = new DataInputStream(client.getInputStream());
      assertThat(frameType(frames)).isEqualTo(4);

      CompletableFuture<Void> stopped = gateway.stopLater();
      int type = frameType(frames);
      while (type != 7) {
        type = frameType(frames);
      }
      assertThat(stopped).isNotDone();
      stopped.get(20, TimeUnit.SECONDS);
    }
  }

  /** Of the next frame, which is read to its end. */
  private static int frameType(DataInputStream frames) throws IOException {
    int length = (frames.readUnsignedByte() << 16) | frames.readUnsignedShort();
    int type = frames.readUnsignedByte();
    frames.skipNBytes(5L + length);
    return type;
  }

  @Test
  void requestUnderWay_isAnswered_whenItOutlastsTheNotice() throws Exception {
    Sinks.Empty<Void> go = Sinks.empty();
    try (RunningGateway gateway = new RunningGateway("fleet.gateway.departure.notice=200ms");
        FakeReplica slow =
            new FakeReplica(
                "slow",
                (request, body, response) ->
                    response.sendString(go.asMono().thenReturn("{}").flux().next()).then());
        Socket kept = connect(gateway)) {
      gateway.register(slow, "a:1");
      kept.getOutputStream().write(REQUEST.getBytes(US_ASCII));
      Awaitility.await().until(() -> !slow.received().isEmpty());

      CompletableFuture<Void> stopped = gateway.stopLater();
      assertThat(Mono.delay(Duration.ofMillis(700)).block()).isNotNull();
      go.tryEmitEmpty();

      assertThat(answer(kept)).startsWith("HTTP/1.1 200").endsWith("{}");
      stopped.get(20, TimeUnit.SECONDS);
    }
  }

  private static Socket connect(RunningGateway gateway) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), gateway.port());
    socket.setSoTimeout(10_000);
    return socket;
  }

  private static String exchange(Socket socket) throws IOException {
    socket.getOutputStream().write(REQUEST.getBytes(US_ASCII));
    return answer(socket);
  }

  /** An answer whose body is {@code {}}, in one piece or in chunks. */
  private static String answer(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    while (true) {
      String text = read.toString(US_ASCII);
      boolean isChunked = text.toLowerCase(Locale.ROOT).contains("chunked");
      if (text.contains("\r\n\r\n")
          && (isChunked ? text.endsWith("0\r\n\r\n") : text.endsWith("{}"))) {
        return isChunked ? text.replaceAll("\r\n0\r\n\r\n$", "") : text;
      }
      int next = in.read();
      if (next < 0) {
        throw new IOException("the connection ended after: " + text);
      }
      read.write(next);
    }
  }
}
