package io.onnxfleet.inference;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** Bytes as real clients put them on the wire, and clients that behave badly. */
@TestInstance(Lifecycle.PER_CLASS)
class ClientWireIT {
  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private RunningReplica replica;

  @BeforeAll
  void start(@TempDir Path models) {
    TinyModel.quotientAndSum().writeTo(models, "arithmetic");
    TinyModel.identity(DataType.BYTES, "rows", "2").writeTo(models, "text");
    replica = RunningReplica.serving(models);
  }

  @AfterAll
  void stop() {
    replica.close();
  }

  /** No content type, an Accept of anything, inputs in binary and outputs not listed. */
  @Test
  void pythonClientOfTriton_getsBinaryAnswers() throws IOException {
    String json =
        "{\"inputs\": [{\"name\": \"a\", \"shape\": [1, 2], \"datatype\": \"FP32\","
            + " \"parameters\": {\"binary_data_size\": 8}}, {\"name\": \"b\", \"shape\": [1, 2],"
            + " \"datatype\": \"FP32\", \"parameters\": {\"binary_data_size\": 8}}],"
            + " \"parameters\": {\"binary_data_output\": true}}";
    byte[] tensors = HexFormat.of().parseHex("0000803f00004040" + "0000004000000040");
    byte[] answer =
        exchange(
            post(
                "arithmetic",
                List.of("Connection: keep-alive", "User-Agent: geventhttpclient"),
                json,
                tensors.length),
            tensors,
            "0000003f0000c03f" + "000040400000a040");
    String head = new String(answer, StandardCharsets.ISO_8859_1);
    assertThat(head)
        .startsWith("HTTP/1.1 200")
        .contains("Content-Type: application/octet-stream")
        .contains(
            "{\"model_name\":\"arithmetic\",\"model_version\":\"1\",\"outputs\":["
                + "{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[1,2],"
                + "\"parameters\":{\"binary_data_size\":8}},"
                + "{\"name\":\"z\",\"datatype\":\"FP32\",\"shape\":[1,2],"
                + "\"parameters\":{\"binary_data_size\":8}}]}");
  }

  /** Keys in the order of the alphabet, so that data comes before its shape. */
  @Test
  void javaClientOfTriton_isRead_keysInAlphabeticalOrder() {
    String json =
        "{\"inputs\":[{\"data\":[1.0,3.0],\"datatype\":\"FP32\",\"name\":\"a\",\"shape\":[1,2]},"
            + "{\"data\":[2.0,2.0],\"datatype\":\"FP32\",\"name\":\"b\",\"shape\":[1,2]}],"
            + "\"outputs\":[{\"name\":\"z\",\"parameters\":{\"binary_data\":false}}]}";
    HttpResponse<byte[]> response = replica.post("/v2/models/arithmetic/infer", json);
    assertThat(RunningReplica.text(response)).contains("\"data\":[3.0,5.0]");
  }

  /** Strings as repeated length and bytes, both ways. */
  @Test
  void strings_travelInBinary() throws IOException {
    String json =
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,2],\"datatype\":\"BYTES\","
            + "\"parameters\":{\"binary_data_size\":14}}],"
            + "\"outputs\":[{\"name\":\"y\",\"parameters\":{\"binary_data\":true}}]}";
    String strings = "02000000" + "c3a4" + "04000000" + "f09f9982";
    byte[] answer =
        exchange(post("text", List.of(), json, 14), HexFormat.of().parseHex(strings), strings);
    assertThat(new String(answer, StandardCharsets.ISO_8859_1)).startsWith("HTTP/1.1 200");
  }

  @Test
  void everyCallerGetsItsOwnAnswer_whileOthersBreakOff() throws Exception {
    List<Future<?>> callers = new ArrayList<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int caller = 0; caller < 32; caller++) {
        Random random = new Random(seed + caller);
        callers.add(
            executor.submit(
                () -> {
                  for (int round = 0; round < 40; round++) {
                    if (random.nextInt(4) == 0) {
                      breakOff(random);
                    } else {
                      callAndCheck(random);
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> caller : callers) {
        caller.get();
      }
    }
    InferenceEngine engine = replica.context().getBean(InferenceEngine.class);
    Awaitility.await("memory is returned, seed " + seed)
        .until(() -> engine.bufferPool().usage().buffersInUse() == 0);
  }

  private void callAndCheck(Random random) {
    int a = random.nextInt(1000);
    int b = random.nextInt(1000);
    String json =
        """
        {"id":"%d","inputs":[
          {"name":"a","shape":[1,2],"datatype":"FP32","data":[%d,1]},
          {"name":"b","shape":[1,2],"datatype":"FP32","data":[%d,1]}],
         "outputs":[{"name":"z"}]}"""
            .formatted(a, a, b);
    assertThat(RunningReplica.text(replica.post("/v2/models/arithmetic/infer", json)))
        .as("seed %d", seed)
        .contains("\"id\":\"" + a + "\"")
        .contains("\"data\":[" + (a + b) + ".0,2.0]");
  }

  /** Sends a part of a request, or all of it, and leaves without reading the answer. */
  private void breakOff(Random random) throws IOException {
    String json =
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,2],\"datatype\":\"BYTES\","
            + "\"data\":[\"a\",\"b\"]}]}";
    String request =
        "POST /v2/models/text/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(json.length(), json);
    int length = 1 + random.nextInt(request.length());
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), replica.port())) {
      if (random.nextBoolean()) {
        socket.setSoLinger(true, 0);
      }
      socket.getOutputStream().write(request.substring(0, length).getBytes(StandardCharsets.UTF_8));
    }
  }

  private static String post(String model, List<String> headers, String json, int binaryLength) {
    List<String> lines = new ArrayList<>();
    lines.add("POST /v2/models/" + model + "/infer HTTP/1.1");
    lines.add("Host: localhost:8000");
    lines.addAll(headers);
    lines.add("Inference-Header-Content-Length: " + json.length());
    lines.add("Content-Length: " + (json.length() + binaryLength));
    lines.add("");
    return String.join("\r\n", lines) + "\r\n" + json;
  }

  /** Sends bytes and reads the answer up to the end that is expected. */
  private byte[] exchange(String head, byte[] tail, String expectedEnd) throws IOException {
    byte[] end = HexFormat.of().parseHex(expectedEnd);
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), replica.port())) {
      socket.setSoTimeout(60_000);
      OutputStream out = socket.getOutputStream();
      out.write(head.getBytes(StandardCharsets.UTF_8));
      out.write(tail);
      InputStream in = socket.getInputStream();
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      while (!endsWith(answer.toByteArray(), end)) {
        int next = in.read();
        if (next < 0) {
          throw new AssertionError(answer.toString(StandardCharsets.ISO_8859_1));
        }
        answer.write(next);
      }
      return answer.toByteArray();
    }
  }

  private static boolean endsWith(byte[] bytes, byte[] end) {
    return bytes.length >= end.length
        && ByteBuffer.wrap(bytes, bytes.length - end.length, end.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .equals(ByteBuffer.wrap(end));
  }
}
