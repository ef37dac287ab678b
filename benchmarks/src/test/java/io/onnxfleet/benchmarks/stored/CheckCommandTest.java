package io.onnxfleet.benchmarks.stored;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Against a server that answers its input, and keeps to the protocol otherwise. */
class CheckCommandTest {
  @TempDir Path stored;

  private final HttpServer server;

  CheckCommandTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
  }

  @BeforeEach
  void startServer() {
    server.createContext(
        "/actuator/health",
        exchange ->
            answer(
                exchange,
                "{'components':{'models':{'details':{'models':{'echo:1':['READY','on cuda',"
                    + "'1 of 3 nodes on the CPU: 1 Shape']}}}}}"));
    server.createContext(
        "/v2/models/echo",
        exchange -> {
          if (exchange.getRequestURI().getPath().endsWith("/infer")) {
            echo(exchange);
          } else {
            answer(exchange, "{'inputs':[{'name':'x'}],'outputs':[{'name':'x'}]}");
          }
        });
    server.start();
  }

  @AfterEach
  void stopServer() {
    server.stop(0);
  }

  @Test
  void check_agrees_whenDifferencesAreSmall() throws IOException {
    store("echo", new float[] {1, 200}, new float[] {1.0005f, 200.1f});
    StringWriter out = new StringWriter();
    assertThat(check(out, "--provider=cuda")).isZero();
    assertThat(out.toString())
        .contains("| echo | on cuda | 1 of 3: 1 Shape | 1 | 0.5")
        .contains("All agree.");
  }

  @Test
  void check_namesTheElement_whenItIsTooFarOff() throws IOException {
    store("echo", new float[] {1, 200}, new float[] {1, 201});
    StringWriter out = new StringWriter();
    assertThat(check(out)).isOne();
    assertThat(out.toString())
        .contains("**element 1: 200.0 (expected 201.0)**")
        .contains("1 do not agree.");
  }

  @Test
  void check_fails_whenTheModelRunsElsewhereOrIsNotServed() throws IOException {
    store("echo", new float[] {1}, new float[] {1});
    store("absent", new float[] {1}, new float[] {1});
    StringWriter out = new StringWriter();
    assertThat(check(out, "--provider=tensorrt")).isOne();
    assertThat(out.toString()).contains("(expected on tensorrt)", "[not served]");
  }

  private int check(StringWriter out, String... further) {
    String[] arguments = Arrays.copyOf(further, further.length + 2);
    arguments[further.length] = "--url=http://127.0.0.1:" + server.getAddress().getPort();
    arguments[further.length + 1] = "--stored=" + stored;
    return new CommandLine(new CheckCommand())
        .setOut(new PrintWriter(out, true))
        .execute(arguments);
  }

  private void store(String model, float[] input, float[] output) throws IOException {
    Path set = Files.createDirectories(stored.resolve(model).resolve("test_data_set_0"));
    Files.write(set.resolve("input_0.pb"), tensor(input));
    Files.write(set.resolve("output_0.pb"), tensor(output));
  }

  private static byte[] tensor(float[] values) throws IOException {
    ByteBuffer raw =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      raw.putFloat(value);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeInt64(1, values.length);
    out.writeInt32(2, 1);
    out.writeBytes(9, ByteString.copyFrom(raw.array()));
    out.flush();
    return bytes.toByteArray();
  }

  private static void echo(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    int header =
        Integer.parseInt(exchange.getRequestHeaders().getFirst("Inference-Header-Content-Length"));
    byte[] document =
        new String(body, 0, header, UTF_8).replace("\"inputs\"", "\"outputs\"").getBytes(UTF_8);
    exchange
        .getResponseHeaders()
        .set("Inference-Header-Content-Length", Integer.toString(document.length));
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    answer.writeBytes(document);
    answer.write(body, header, body.length - header);
    send(exchange, answer.toByteArray());
  }

  private static void answer(HttpExchange exchange, String json) throws IOException {
    send(exchange, json.replace('\'', '"').getBytes(UTF_8));
  }

  private static void send(HttpExchange exchange, byte[] body) throws IOException {
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }
}
