package io.onnxfleet.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.onnxfleet.benchmarks.bench.BenchCommand;
import io.onnxfleet.benchmarks.texts.SmallTokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole command, against a server of its own that answers as a replica does. */
class BenchCommandTest {
  @TempDir private Path folder;

  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger infers = new AtomicInteger();
  private final Set<String> bodies = ConcurrentHashMap.newKeySet();
  private final Set<String> deadlines = ConcurrentHashMap.newKeySet();
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.createContext(
        "/v2/models/m",
        exchange ->
            answer(
                exchange,
                200,
                """
                {"name": "m", "inputs": [
                  {"name": "input_ids", "datatype": "INT64", "shape": [-1, -1]}]}
                """));
    server.createContext("/v2/models/m/stats", this::statistics);
    server.createContext("/v2/models/m/infer", this::infer);
    server.createContext("/v1/embeddings", this::infer);
    server.setExecutor(executor);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    executor.close();
  }

  @Test
  void bench_printsAndWritesEveryPoint_whenTheLoopIsClosed() throws IOException {
    Path result = folder.resolve("result.tsv");
    Path report = folder.resolve("report.html");

    int code =
        bench(
            "--model=m --input=json --tokens=3 --concurrency=1:2 --duration=0.3 --warm-up=0.1"
                + " --result="
                + result
                + " --report="
                + report);

    assertThat(err.toString()).isEmpty();
    assertThat(code).isZero();
    assertThat(bodies).allMatch(body -> body.matches(".*\"shape\":\\[1,3],.*\"data\":\\[.*"));
    assertThat(deadlines).isEmpty();
    assertThat(out.toString())
        .contains("json, 1 rows of 3 tokens, closed loop")
        .contains("callers", "answers/s", "p99.9", "mean batch", "2: answers a connection: least")
        .doesNotContain("in time/s");
    List<String> lines = Files.readAllLines(result);
    assertThat(lines).hasSize(3);
    assertThat(lines.getFirst()).startsWith("load\tanswers\tp50\t");
    assertThat(lines.get(1)).startsWith("1\t");
    String[] two = lines.get(2).split("\t");
    assertThat(two).hasSameSizeAs(lines.getFirst().split("\t"));
    assertThat(Double.parseDouble(two[1])).isPositive();
    assertThat(two[12]).as("mean batch").isEqualTo("4.00");
    assertThat(two[13]).as("queue ms").isEqualTo("2.00");
    assertThat(two[14]).as("compute ms").isEqualTo("6.00");
    String html = Files.readString(report);
    assertThat(html)
        .contains("<svg", "Batch sizes", "queue, 2: 2.0", "compute, 2: 6.0", "--concurrency=1:2")
        .contains("executions, 4: ", ">10.0</text>")
        .doesNotContain("<script", "http://www", "https://");
  }

  @Test
  void bench_sendsTheTextsOfTheFile_cutToTheLengths() throws IOException {
    Path texts =
        Files.writeString(folder.resolve("texts.tsv"), "text\tlabel\na b c d\t1\nb a\t2\n");

    int code =
        bench(
            "--model=m --concurrency=2 --duration=0.3 --warm-up=0.1 --count=2 --lengths=5 --texts="
                + texts
                + " --tokenizer="
                + SmallTokenizer.write(folder));

    assertThat(err.toString()).isEmpty();
    assertThat(code).isZero();
    // Two special tokens leave room for three words: one text is cut, the other joined.
    assertThat(bodies)
        .containsExactlyInAnyOrder(
            "{\"model\":\"m\",\"input\":[\"a b c\"]}", "{\"model\":\"m\",\"input\":[\"b a a\"]}");
    assertThat(out.toString()).contains("text, 1 rows of texts of", "texts.tsv, 5 tokens, closed");
  }

  @Test
  void bench_sendsTextsAsTheyAre_withoutLengths() throws IOException {
    Path texts = Files.writeString(folder.resolve("texts.txt"), "a b c d\nb a\nc\n");

    int code =
        bench("--model=m --concurrency=1 --rows=2 --duration=0.3 --count=3 --texts=" + texts);

    assertThat(code).isZero();
    assertThat(String.join("", bodies)).contains("\"a b c d\"", "\"b a\"", "\"c\"");
    assertThat(bodies).as("two texts and one").hasSize(2);
    assertThat(bench("--model=m --lengths=5 --texts=" + texts)).isEqualTo(1);
    assertThat(err.toString()).contains("--tokenizer: none (expected: the model's tokenizer.json)");
  }

  @Test
  void bench_countsWhatIsInTime_andSendsTheDeadline_whenTheLoopIsOpen() {
    int code =
        bench(
            "--model=m --rate=50 --arrival=constant --deadline-ms=5000 --duration=0.5 --warm-up=0");

    assertThat(code).isZero();
    assertThat(deadlines).containsExactly("5000");
    assertThat(out.toString())
        .contains("binary, 1 rows of 32 tokens, open loop, constant arrivals")
        .contains("rate/s", "in time/s", "50: due ");
  }

  @Test
  void bench_failsWithTheShareAndTheFirstMessage_whenErrorsExceedTheMost() {
    infers.set(1_000_000); // from here on, every second one is refused

    int code = bench("--model=m --concurrency=2 --duration=0.3 --warm-up=0 --max-errors=0.25");

    assertThat(code).isEqualTo(BenchCommand.TOO_MANY_ERRORS);
    assertThat(err.toString()).contains("of the requests (--max-errors 0.25)");
    assertThat(out.toString()).contains(" x 429; first: status 429: queue is full");
  }

  @Test
  void bench_saysWhatTheServerSaid_whenTheModelIsUnknown() {
    assertThat(bench("--model=other --concurrency=1")).isEqualTo(1);
    assertThat(err.toString()).contains("/v2/models/other: status 404 (expected: 200)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "--concurrency=2 --rate=5 | --concurrency and --rate (expected: one of them)",
        "--concurrency=0 | '0' (expected: whole numbers from 1 to 100000)",
        "--rate=5:x | '5:x' (expected: RATE or FROM:TO:STEP)",
        "--rate=5 --arrival=bursts | expected one of [POISSON, CONSTANT]",
        "--window=0 | --window: 0.0 (expected: 0.1 to 3600.0)",
        "--max-errors=2 | --max-errors: 2.0 (expected: 0.0 to 1.0)",
        "--max-windows=2 | --max-windows: 2.0 (expected: 3.0 to 1000.0)",
        "--tokens=9:3 | 9:3 (expected: 1 to 1000000, the lower number first)",
        "--texts=x --input=binary | --input: binary (expected: text with --texts)",
        "--lengths=9:3 | 9:3 (expected: 1 to 1000000, the lower number first)",
        "--frequency=5 | Unknown option: '--frequency=5'",
      })
  void bench_refusesWithTheOptionAndTheExpectation_whenOneIsWrong(String options, String message) {
    assertThat(bench("--model=m " + options)).isEqualTo(2);
    assertThat(err.toString()).contains(message);
    assertThat(infers).hasValue(0);
  }

  @Test
  void bench_refusesAddressesOtherThanHttp() {
    int code = run("bench", "--model=m", "--url=https://127.0.0.1:1");

    assertThat(code).isEqualTo(2);
    assertThat(err.toString()).contains("'https://127.0.0.1:1' (expected: http://host:port)");
  }

  private int bench(String options) {
    List<String> arguments = new ArrayList<>(List.of("bench"));
    arguments.add("--url=http://127.0.0.1:" + server.getAddress().getPort());
    arguments.addAll(List.of(options.split(" ")));
    return run(arguments.toArray(String[]::new));
  }

  private int run(String... arguments) {
    return Benchmarks.execute(arguments, new PrintWriter(out, true), new PrintWriter(err, true));
  }

  private void infer(HttpExchange exchange) throws IOException {
    bodies.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
    String deadline = exchange.getRequestHeaders().getFirst("Inference-Deadline-Ms");
    if (deadline != null) {
      deadlines.add(deadline);
    }
    int count = infers.incrementAndGet();
    if (count > 1_000_000 && count % 2 == 1) {
      answer(exchange, 429, "queue is full");
    } else {
      answer(exchange, 200, "{}");
    }
  }

  /** As if four requests had shared each batch, waited 2 ms and been computed for 6 ms. */
  private void statistics(HttpExchange exchange) throws IOException {
    int count = infers.get() / 4 * 4;
    answer(
        exchange,
        200,
        """
        {"model_stats": [{
          "inference_stats": {
            "success": {"count": %d, "ns": 0},
            "queue": {"count": %d, "ns": %d},
            "compute_input": {"count": %d, "ns": %d},
            "compute_infer": {"count": %d, "ns": %d},
            "compute_output": {"count": %d, "ns": %d}},
          "batch_stats": [{"batch_size": 4, "compute_infer": {"count": %d, "ns": 9}}]}]}
        """
            .formatted(
                count,
                count,
                count * 2_000_000L,
                count,
                count * 1_000_000L,
                count,
                count * 4_000_000L,
                count,
                count * 1_000_000L,
                count / 4));
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }
}
