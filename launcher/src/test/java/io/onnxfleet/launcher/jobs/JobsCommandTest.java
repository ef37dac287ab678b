package io.onnxfleet.launcher.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.launcher.process.ManualTime;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobsCommandTest {
  private static final String LINE =
      "{\"custom_id\":\"a\",\"body\":{\"url\":\"no\"},\"url\":\"/v1/embeddings\"}\n";
  private static final String BATCH = "/v1/batches/batch_1";

  @TempDir private Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private StandInGateway gateway;
  private boolean isTerminal;
  private @Nullable String key;

  @BeforeEach
  void start() throws IOException {
    gateway = new StandInGateway();
    Files.writeString(folder.resolve("in put.jsonl"), LINE);
  }

  @AfterEach
  void end() {
    gateway.close();
  }

  private int run(String... arguments) throws Exception {
    return run(gateway.base(), arguments);
  }

  private int run(URI base, String... arguments) throws Exception {
    out.reset();
    err.reset();
    return new JobsCommand(
            base,
            key,
            folder,
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8),
            new ManualTime(),
            isTerminal)
        .run(List.of(arguments));
  }

  private static String batch(String status, int total, int completed, int failed, String more) {
    return """
    {"id":"batch_1","object":"batch","status":"%s","endpoint":"/v1/embeddings","created_at":0,
     "request_counts":{"total":%d,"completed":%d,"failed":%d},"metadata":null%s}
    """
        .formatted(status, total, completed, failed, more);
  }

  @Test
  void submit_uploadsTheFile_andTellsNothingButTheId() throws Exception {
    key = "k";
    gateway.on("POST /v1/files", 200, "{\"id\":\"file-1\"}");
    gateway.on("POST /v1/batches", 200, batch("validating", 0, 0, 0, ""));
    assertThat(run("submit", "in put.jsonl", "--window", "2h")).isZero();
    assertThat(out.toString(UTF_8)).isEqualTo("batch_1\n");
    assertThat(err.toString(UTF_8)).contains("./fleet jobs watch batch_1");
    assertThat(gateway.authorization()).isEqualTo("Bearer k");
    assertThat(gateway.asked()).containsExactly("POST /v1/files", "POST /v1/batches");
    assertThat(gateway.upload())
        .contains("name=\"purpose\"\r\n\r\nbatch\r\n", "filename=\"in put.jsonl\"\r\n\r\n" + LINE);
  }

  @Test
  void submit_leavesNoFile_whenTheBatchIsRefused() throws Exception {
    gateway.on("POST /v1/files", 200, "{\"id\":\"file-1\"}");
    gateway.on("POST /v1/batches", 400, "{\"error\":{\"message\":\"endpoint: that\"}}");
    gateway.on("DELETE /v1/files/file-1", 200, "{}");
    assertThatThrownBy(() -> run("submit", "in put.jsonl", "--endpoint=/that"))
        .hasMessage("POST %s/v1/batches: status 400: endpoint: that".formatted(gateway.base()));
    assertThat(gateway.asked()).last().isEqualTo("DELETE /v1/files/file-1");
  }

  @Test
  void submit_refuses_whatHasNoLines() throws Exception {
    Files.writeString(folder.resolve("text"), "Hello\n");
    Files.writeString(folder.resolve("other"), "{\"a\":1}\n");
    assertThatThrownBy(() -> run("submit", "none"))
        .hasMessageEndingWith("none' (expected: a file)");
    assertThatThrownBy(() -> run("submit", "text")).hasMessageContaining("line 1, column 1");
    assertThatThrownBy(() -> run("submit", "other")).hasMessageContaining("no 'url'");
    assertThatThrownBy(() -> run("submit")).hasMessageContaining("0 arguments (expected: a file)");
    assertThat(gateway.asked()).isEmpty();
  }

  @Test
  void watch_showsSpeedAndTimeLeft_throughAGatewayThatRestarts() throws Exception {
    gateway
        .on("GET " + BATCH, 200, batch("validating", 0, 0, 0, ""))
        .on("GET " + BATCH, 200, batch("in_progress", 2000, 0, 0, ""))
        .on("GET " + BATCH, 503, "{\"error\":{\"message\":\"soon\"}}")
        .on("GET " + BATCH, 200, batch("in_progress", 2000, 399, 1, ""))
        .on(
            "GET " + BATCH,
            200,
            batch("completed", 2000, 1999, 1, ",\"output_file_id\":\"f\",\"error_file_id\":\"g\""));
    assertThat(run("watch", "batch_1")).isEqualTo(3);
    assertThat(out.toString(UTF_8).lines())
        .containsExactly(
            "validating",
            "[------------------------]   0%  0 of 2,000 lines",
            "[####--------------------]  20%  400 of 2,000 lines, 1 failed  200.0 lines/s, 8 s"
                + " left",
            "[########################] 100%  2,000 of 2,000 lines, 1 failed",
            "batch_1: completed");
    assertThat(err.toString(UTF_8))
        .contains("still trying: GET", "soon")
        .contains("./fleet jobs results batch_1 --output FILE --errors FILE");
  }

  @Test
  void watch_goesOn_whenAnAnswerBreaksOff() throws Exception {
    gateway
        .onBroken("GET " + BATCH, batch("in_progress", 2, 1, 0, ""))
        .on("GET " + BATCH, 200, batch("completed", 2, 2, 0, ",\"output_file_id\":\"f\""));
    assertThat(run("watch", "batch_1")).isZero();
    assertThat(err.toString(UTF_8)).contains("still trying: " + gateway.base());
  }

  @Test
  void watch_changesOneLine_onATerminal() throws Exception {
    isTerminal = true;
    gateway
        .on("GET " + BATCH, 200, batch("in_progress", 2, 1, 0, ""))
        .on("GET " + BATCH, 200, batch("completed", 2, 2, 0, ",\"output_file_id\":\"f\""));
    assertThat(run("watch", "batch_1")).isZero();
    assertThat(out.toString(UTF_8))
        .isEqualTo(
            "\r\033[K[############------------]  50%  1 of 2 lines"
                + "\r\033[K[########################] 100%  2 of 2 lines\nbatch_1: completed\n");
  }

  @Test
  void watch_tellsWhyABatchFailed() throws Exception {
    gateway.on(
        "GET " + BATCH,
        200,
        batch(
            "failed",
            0,
            0,
            0,
            ",\"errors\":{\"data\":[{\"message\":\"no JSON\",\"line\":7},{\"message\":\"the key"
                + " ended\",\"line\":null}]}"));
    assertThat(run("watch", "batch_1")).isEqualTo(1);
    assertThat(err.toString(UTF_8)).isEqualTo("  line 7: no JSON\n  the key ended\n");
  }

  @Test
  void list_hasARowForEach_pageByPage() throws Exception {
    gateway.on("GET /v1/batches", 200, "{\"data\":[]}");
    assertThat(run("list")).isZero();
    assertThat(out.toString(UTF_8)).isEqualTo("there are no batches\n");

    String page = "{\"data\":[" + (batch("completed", 5, 5, 0, "") + ",").repeat(100);
    gateway
        .on("GET /v1/batches", 200, page.substring(0, page.length() - 1) + "]}")
        .on("GET /v1/batches", 200, "{\"data\":[" + batch("failed", 0, 0, 0, "") + "]}");
    // The first answer of all stands at the head once more.
    run("list");
    assertThat(run("list", "--limit", "150")).isZero();
    assertThat(out.toString(UTF_8).lines()).hasSize(102).last().asString().contains("failed");
    assertThat(gateway.asked())
        .endsWith("GET /v1/batches?limit=100", "GET /v1/batches?limit=50&after=batch_1");
  }

  @Test
  void results_arePrinted_orFilesThatAreWhole() throws Exception {
    gateway.on("GET " + BATCH, 200, batch("completed", 2, 2, 0, ",\"output_file_id\":\"file-o\""));
    gateway.on("GET /v1/files/file-o/content", 200, "{\"a\":1}\n{\"b\":2}\n");
    assertThat(run("results", "batch_1")).isZero();
    assertThat(out.toString(UTF_8)).isEqualTo("{\"a\":1}\n{\"b\":2}\n");

    assertThat(run("results", "batch_1", "--output", "o", "--errors", "e")).isZero();
    assertThat(folder.resolve("o")).hasContent("{\"a\":1}\n{\"b\":2}\n");
    assertThat(folder.resolve("e")).doesNotExist();
    assertThat(folder.resolve("o.part")).doesNotExist();
    assertThat(err.toString(UTF_8)).contains("every line was answered", "o: 16 bytes");
  }

  @Test
  void results_areRefused_untilTheBatchHasEnded() throws Exception {
    gateway.on("GET " + BATCH, 200, batch("in_progress", 2, 1, 0, ""));
    assertThatThrownBy(() -> run("results", "batch_1"))
        .hasMessageStartingWith("batch_1 is in_progress (expected: one that has ended");
  }

  @Test
  void cancel_tellsTheStatus() throws Exception {
    gateway.on("POST " + BATCH + "/cancel", 200, batch("cancelling", 2, 1, 0, ""));
    assertThat(run("cancel", "batch_1")).isZero();
    assertThat(out.toString(UTF_8)).isEqualTo("batch_1: cancelling\n");
  }

  @Test
  void whatIsWrong_isToldWithWhatIsExpected() throws Exception {
    gateway.on("GET /v1/batches", 401, "{\"error\":{\"message\":\"no credentials\"}}");
    assertThatThrownBy(() -> run("list"))
        .hasMessageContaining("status 401: no credentials (expected: FLEET_API_KEY");
    key = "wrong";
    assertThatThrownBy(() -> run("list")).hasMessageEndingWith("status 401: no credentials");
    assertThatThrownBy(() -> run("watch", "../files"))
        .hasMessageStartingWith("'../files' (expected: a batch's id");
    assertThatThrownBy(() -> run("list", "--wait"))
        .hasMessage("jobs list: unknown option '--wait' (expected: --limit, --url)");
    assertThatThrownBy(() -> run("list", "--limit")).hasMessage("--limit needs a value");
    assertThatThrownBy(() -> run("lst")).hasMessageStartingWith("jobs: 'lst' (expected: submit");
    assertThatThrownBy(() -> run("results", "batch_1", "--output", "o", "--errors", "./o"))
        .hasMessage("--output and --errors: 'o' (expected: two files)");
    assertThatThrownBy(() -> run("list", "--url", "host:8080")).hasMessageContaining("--url");
    URI nobody = gateway.base();
    gateway.close();
    assertThatThrownBy(() -> run(nobody, "list"))
        .hasMessageStartingWith(
            "no gateway answers at " + nobody + " (expected: a fleet that runs");
    assertThat(run("--help")).isZero();
    assertThat(out.toString(UTF_8)).startsWith("usage: ./fleet jobs");
  }
}
