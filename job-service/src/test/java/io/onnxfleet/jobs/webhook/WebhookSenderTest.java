package io.onnxfleet.jobs.webhook;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import io.onnxfleet.jobs.network.AddressPolicy;
import io.onnxfleet.jobs.network.CheckedResolver;
import io.onnxfleet.jobs.network.Network;
import io.onnxfleet.jobs.webhook.WebhookSender.Answer;
import io.onnxfleet.testing.process.Keytool;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Over real sockets of loopback, which is allowed here. */
class WebhookSenderTest {
  private static final char[] PASSWORD = "changeit".toCharArray();
  private static final byte[] KEY = "0123456789abcdef01234567".getBytes(US_ASCII);
  private static final byte[] OTHER_KEY = "another-secret-of-32-bytes-long!".getBytes(US_ASCII);
  private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000);
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Delivery DELIVERY =
      new Delivery(
          new Delivery.Key("evt_1", "one"), "batch.completed", "batch_1", 1_600_000_000, 0);

  @TempDir private static Path folder;
  private static SSLContext tls;

  private final List<AutoCloseable> open = new ArrayList<>();

  @BeforeAll
  static void certificate() throws Exception {
    Path store = folder.resolve("hooks.p12");
    Keytool.selfSigned(store, new String(PASSWORD), "hooks", "-ext", "san=dns:hooks.test");
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream content = Files.newInputStream(store)) {
      keys.load(content, PASSWORD);
    }
    KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    own.init(keys, PASSWORD);
    KeyStore authorities = KeyStore.getInstance("PKCS12");
    authorities.load(null, null);
    authorities.setCertificateEntry("hooks", keys.getCertificate("hooks"));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(authorities);
    tls = SSLContext.getInstance("TLS");
    tls.init(own.getKeyManagers(), trust.getTrustManagers(), null);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private <T extends AutoCloseable> T closing(T opened) {
    open.add(opened);
    return opened;
  }

  private Receiver receiver() throws IOException {
    return closing(new Receiver("127.0.0.1", 0, null));
  }

  /** Every name is 127.0.0.1, and that may be connected to. */
  private WebhookSender sender(Duration limit) {
    return sender(limit, host -> new InetAddress[] {InetAddress.ofLiteral("127.0.0.1")});
  }

  private WebhookSender sender(Duration limit, CheckedResolver.Lookup lookup) {
    AddressPolicy policy = new AddressPolicy(List.of(Network.parse("key", "127.0.0.1")));
    return closing(
        new WebhookSender(new CheckedResolver(lookup, policy, "key"), tls, limit, 4, () -> NOW));
  }

  private static Endpoint endpoint(String url, byte[]... keys) {
    List<SigningSecret> secrets = new ArrayList<>();
    for (byte[] key : keys) {
      secrets.add(SigningSecret.parse("key", "whsec_" + Base64.getEncoder().encodeToString(key)));
    }
    return new Endpoint(
        "one",
        URI.create(url),
        EnumSet.allOf(EventType.class),
        List.of(Pattern.compile(".*")),
        secrets);
  }

  private static Endpoint plain(int port) {
    return endpoint("http://hooks.test:" + port + "/hook", KEY);
  }

  private static String signature(byte[] key, String signed) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(signed.getBytes(UTF_8)));
  }

  @Test
  void delivery_isSignedByEachSecret_andGoesToTheName() throws Exception {
    Receiver receiver = closing(new Receiver("127.0.0.1", 0, tls));
    String url = "https://hooks.test:" + receiver.port() + "/a/b?c=d";
    Answer answer = sender(LONG).send(endpoint(url, KEY, OTHER_KEY), DELIVERY);
    assertThat(answer).isEqualTo(new Answer.Accepted());
    Receiver.Received received = receiver.received().getFirst();
    String body =
        "{\"id\":\"evt_1\",\"object\":\"event\",\"created_at\":1600000000,"
            + "\"type\":\"batch.completed\",\"data\":{\"id\":\"batch_1\"}}";
    assertThat(received.body()).isEqualTo(body);
    assertThat(received.path()).isEqualTo("/a/b?c=d");
    assertThat(received.serverNames()).containsExactly("hooks.test");
    String signed = "evt_1.1700000000." + body;
    assertThat(received.headers())
        .containsEntry("host", "hooks.test:" + receiver.port())
        .containsEntry("content-type", "application/json")
        .containsEntry("connection", "close")
        .containsEntry("webhook-id", "evt_1")
        .containsEntry("webhook-timestamp", "1700000000")
        .containsEntry(
            "webhook-signature", signature(KEY, signed) + " " + signature(OTHER_KEY, signed))
        .doesNotContainKeys("upgrade", "cookie", "authorization");
  }

  @Test
  void certificateOfAnotherName_isRefused() throws Exception {
    Receiver receiver = closing(new Receiver("127.0.0.1", 0, tls));
    Answer answer =
        sender(LONG).send(endpoint("https://other.test:" + receiver.port() + "/", KEY), DELIVERY);
    assertThat(answer).isInstanceOf(Answer.Failed.class);
    assertThat(answer.toString()).contains("SSL");
    assertThat(receiver.received()).isEmpty();
  }

  @Test
  void nameThatMeansAnotherAddressAMomentLater_leadsNowhere() throws Exception {
    Receiver first = receiver();
    Receiver second = closing(new Receiver("127.0.0.2", first.port(), null));
    Queue<String> meanings = new ArrayDeque<>(List.of("127.0.0.1", "127.0.0.2", "127.0.0.2"));
    WebhookSender sender =
        sender(LONG, host -> new InetAddress[] {InetAddress.ofLiteral(meanings.remove())});
    assertThat(sender.send(plain(first.port()), DELIVERY)).isEqualTo(new Answer.Accepted());
    assertThat(meanings).hasSize(2);
    assertThat(sender.send(plain(first.port()), DELIVERY))
        .isInstanceOfSatisfying(
            Answer.Failed.class,
            failed -> assertThat(failed.reason()).contains("hooks.test is [127.0.0.2] (expected"));
    assertThat(meanings).hasSize(1);
    assertThat(first.received()).hasSize(1);
    assertThat(second.received()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"})
  void loopback_isRefused_howeverItIsWritten(String host) throws Exception {
    Receiver receiver = receiver();
    WebhookSender sender =
        closing(
            new WebhookSender(
                new CheckedResolver(InetAddress::getAllByName, new AddressPolicy(List.of()), "key"),
                tls,
                LONG,
                4,
                () -> NOW));
    Answer answer =
        sender.send(endpoint("http://" + host + ":" + receiver.port() + "/", KEY), DELIVERY);
    assertThat(answer).isInstanceOf(Answer.Failed.class);
    assertThat(answer.toString()).contains("UnknownHostException").contains("expected");
    assertThat(receiver.received()).isEmpty();
  }

  @Test
  void redirect_isNotFollowed() throws Exception {
    Receiver receiver = receiver();
    receiver.answering(
        exchange -> {
          exchange.getResponseHeaders().set("Location", "/elsewhere");
          exchange.sendResponseHeaders(307, -1);
        });
    assertThat(sender(LONG).send(plain(receiver.port()), DELIVERY))
        .isEqualTo(new Answer.Failed("status 307 (expected: 2xx)"));
    assertThat(receiver.received()).extracting(Receiver.Received::path).containsExactly("/hook");
  }

  @Test
  void answer_isByItsStatus() throws Exception {
    Receiver receiver = receiver();
    WebhookSender sender = sender(LONG);
    for (int status : List.of(200, 202, 204, 299, 304, 400, 401, 408, 410, 429, 500, 503)) {
      receiver.answering(exchange -> exchange.sendResponseHeaders(status, -1));
      Answer expected =
          status < 300
              ? new Answer.Accepted()
              : status == 410
                  ? new Answer.Gone()
                  : new Answer.Failed("status " + status + " (expected: 2xx)");
      assertThat(sender.send(plain(receiver.port()), DELIVERY)).isEqualTo(expected);
    }
    assertThat(receiver.received()).hasSize(12);
  }

  @Test
  void restOfALongBody_isNotRead() throws Exception {
    Receiver receiver = receiver();
    CompletableFuture<Boolean> broken = new CompletableFuture<>();
    receiver.answering(exchange -> broken.complete(breaksWithin(exchange, 256)));
    assertThat(sender(LONG).send(plain(receiver.port()), DELIVERY))
        .isEqualTo(new Answer.Accepted());
    assertThat(broken.get(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
  }

  private static boolean breaksWithin(HttpExchange exchange, int megabytes) throws IOException {
    exchange.sendResponseHeaders(200, (long) megabytes << 20);
    try {
      for (int megabyte = 0; megabyte < megabytes; megabyte++) {
        exchange.getResponseBody().write(new byte[1 << 20]);
      }
      return false;
    } catch (IOException expected) {
      return true;
    }
  }

  @Test
  void bodyThatHalts_isAnAnswer() throws Exception {
    Receiver receiver = receiver();
    CountDownLatch end = new CountDownLatch(1);
    receiver.answering(
        exchange -> {
          exchange.sendResponseHeaders(200, 100);
          exchange.getResponseBody().write('a');
          exchange.getResponseBody().flush();
          end.await();
        });
    assertThat(sender(SHORT).send(plain(receiver.port()), DELIVERY))
        .isEqualTo(new Answer.Accepted());
    end.countDown();
  }

  /** What a server of one connection does once it has the request. */
  private interface Talk {
    void to(OutputStream out) throws Exception;
  }

  private int server(Talk talk) throws IOException {
    ServerSocket server = closing(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
    Thread.ofVirtual()
        .start(
            () -> {
              try (Socket socket = server.accept()) {
                talk.to(socket.getOutputStream());
              } catch (Exception expected) {
                // The client has ended the connection.
                return;
              }
            });
    return server.getLocalPort();
  }

  @Test
  void silence_endsWithTheTime() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    int port = server(out -> end.await());
    assertThat(sender(SHORT).send(plain(port), DELIVERY))
        .isInstanceOfSatisfying(
            Answer.Failed.class, failed -> assertThat(failed.reason()).isNotBlank());
    end.countDown();
  }

  /** Each byte comes in time, the head never ends. */
  @Test
  void trickle_endsWithTheTime() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    int port =
        server(
            out -> {
              out.write("HTTP/1.1 200 OK\r\nX: ".getBytes(US_ASCII));
              while (!end.await(20, TimeUnit.MILLISECONDS)) {
                out.write('a');
                out.flush();
              }
            });
    assertThat(sender(SHORT).send(plain(port), DELIVERY))
        .isEqualTo(new Answer.Failed("no answer within PT0.3S"));
    end.countDown();
  }

  @ParameterizedTest
  @ValueSource(strings = {"X: a\r\n", "aaaaaaaa"})
  void endlessHead_isNoAnswer(String part) throws Exception {
    int port =
        server(
            out -> {
              out.write("HTTP/1.1 200 OK\r\nX: ".getBytes(US_ASCII));
              while (true) {
                out.write(part.getBytes(US_ASCII));
              }
            });
    assertThat(sender(LONG).send(plain(port), DELIVERY))
        .isInstanceOfSatisfying(
            Answer.Failed.class, failed -> assertThat(failed.reason()).contains("Constraint"));
  }

  @Test
  void nobodyThere_isAFailure() throws Exception {
    int port;
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = closed.getLocalPort();
    }
    assertThat(sender(LONG).send(plain(port), DELIVERY)).isInstanceOf(Answer.Failed.class);
  }
}
