package io.onnxfleet.benchmarks.chaos.scenario;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.onnxfleet.benchmarks.load.Load;
import io.onnxfleet.benchmarks.load.LoadGenerator;
import io.onnxfleet.benchmarks.load.PreparedRequest;
import io.onnxfleet.benchmarks.load.Target;
import io.onnxfleet.benchmarks.load.Window;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Requests for a model, by default of eight tokens for the scenarios' one. Load in the open loop is
 * Poisson; latency counts from when a request was due. For one thread.
 */
public final class Traffic implements AutoCloseable {

  private static final int MOST_CONNECTIONS = 2000;
  private static final long SEED = 7;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Call TOKENS = new Call(ApiCall.INFER.path(ChaosFleet.MODEL, null), body());

  /** What is asked, again and again. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  public record Call(String path, byte[] body) {

    /** A text of so many words, to be embedded. */
    public static Call embedding(String model, int words) {
      return embedding(model, words(words));
    }

    /** That text, of ASCII that JSON has as it is. */
    public static Call embedding(String model, String text) {
      return new Call(
          ApiPaths.EMBEDDINGS,
          "{\"model\":\"%s\",\"input\":\"%s\"}".formatted(model, text).getBytes(US_ASCII));
    }

    /** A question of ten words and so many passages, no two alike, of so many words each. */
    public static Call rerank(String model, int passages, int words) {
      String documents =
          IntStream.range(0, passages)
              .mapToObj(number -> "\"%d %s\"".formatted(number, words(words - 1)))
              .collect(Collectors.joining(","));
      return new Call(
          ApiPaths.RERANK,
          "{\"model\":\"%s\",\"query\":\"%s\",\"documents\":[%s]}"
              .formatted(model, words(10), documents)
              .getBytes(US_ASCII));
    }

    private static String words(int count) {
      return "word ".repeat(count).strip();
    }
  }

  private final LoadGenerator generator;

  private Traffic(LoadGenerator generator) {
    this.generator = generator;
  }

  public static Traffic open(
      int port, double perSecond, Map<String, String> headers, Duration timeout)
      throws IOException, InterruptedException {
    return open(port, TOKENS, perSecond, headers, timeout);
  }

  public static Traffic open(
      int port, Call call, double perSecond, Map<String, String> headers, Duration timeout)
      throws IOException, InterruptedException {
    return start(
        port,
        call,
        new Load.Open(perSecond, Load.Arrival.POISSON, MOST_CONNECTIONS),
        headers,
        timeout);
  }

  public static Traffic open(int port, double perSecond) throws IOException, InterruptedException {
    return open(port, perSecond, Map.of(), PATIENCE);
  }

  public static Traffic open(int port, Call call, double perSecond)
      throws IOException, InterruptedException {
    return open(port, call, perSecond, Map.of(), PATIENCE);
  }

  public static Traffic closed(int port, int connections) throws IOException, InterruptedException {
    return closed(port, TOKENS, connections);
  }

  public static Traffic closed(int port, Call call, int connections)
      throws IOException, InterruptedException {
    return start(port, call, new Load.Closed(connections), Map.of(), PATIENCE);
  }

  private static Traffic start(
      int port, Call call, Load load, Map<String, String> headers, Duration timeout)
      throws IOException, InterruptedException {
    Target target = new Target("127.0.0.1", port);
    PreparedRequest request = PreparedRequest.post(target, call.path, headers, call.body);
    LoadGenerator generator =
        new LoadGenerator(target, List.of(request), load, timeout, System::nanoTime, SEED);
    try {
      generator.start();
    } catch (IOException | InterruptedException | RuntimeException failure) {
      generator.close();
      throw failure;
    }
    return new Traffic(generator);
  }

  /** What the fleet answers in a second with 32 callers, after so long. */
  public static double capacity(int port, Duration warmUp)
      throws IOException, InterruptedException {
    return capacity(port, TOKENS, warmUp);
  }

  public static double capacity(int port, Call call, Duration warmUp)
      throws IOException, InterruptedException {
    try (Traffic traffic = closed(port, call, 32)) {
      traffic.during(warmUp);
      return traffic.during(Duration.ofSeconds(5)).perSecond();
    }
  }

  /** What ends from now on for so long. */
  public Window during(Duration time) throws InterruptedException {
    Window _ = generator.window();
    Thread.sleep(time);
    return generator.window();
  }

  /** What ended since the last question. */
  public Window window() {
    return generator.window();
  }

  public String firstFailure() {
    return String.valueOf(generator.firstFailure());
  }

  private static byte[] body() {
    StringBuilder inputs = new StringBuilder("{\"inputs\":[");
    tensor(inputs, "input_ids", "101,2003,2040,2077,2114,2151,2188,102").append(',');
    tensor(inputs, "attention_mask", "1,1,1,1,1,1,1,1").append(',');
    tensor(inputs, "token_type_ids", "0,0,0,0,0,0,0,0");
    return inputs
        .append("],\"parameters\":{\"binary_data_output\":true}}")
        .toString()
        .getBytes(US_ASCII);
  }

  private static StringBuilder tensor(StringBuilder json, String name, String data) {
    return json.append("{\"name\":\"")
        .append(name)
        .append("\",\"shape\":[1,8],\"datatype\":\"INT64\",\"data\":[")
        .append(data)
        .append("]}");
  }

  @Override
  public void close() {
    generator.close();
  }
}
