package io.onnxfleet.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What callers of files and batches are told, by the real process. */
class AnswersIT extends RealJobService {
  private static final String JSON = "application/json";

  /** What was done is told, since the caller would do it again otherwise. */
  @Test
  void whatIsDone_isToldInJson_whateverTheCallerAccepts() throws Exception {
    JobCalls calls = of(startJobs());
    JobCalls.Answer uploaded =
        accepting(
            calls,
            "POST",
            "/v1/files",
            """
            --b\r
            Content-Disposition: form-data; name="purpose"\r
            \r
            batch\r
            --b\r
            Content-Disposition: form-data; name="file"; filename="a"\r
            \r
            {}\r
            --b--\r
            """,
            "multipart/form-data; boundary=b");
    assertThat(uploaded.status()).as(uploaded.text()).isEqualTo(200);
    String file = uploaded.json().path("id").asString();
    JobCalls.Answer created =
        accepting(
            calls,
            "POST",
            "/v1/batches",
            """
            {"input_file_id": "%s", "endpoint": "/v1/embeddings", "completion_window": "24h"}
            """
                .formatted(file),
            JSON);
    assertThat(created.status()).as(created.text()).isEqualTo(200);
    String batch = created.json().path("id").asString();
    for (String path :
        List.of("/v1/files", "/v1/files/" + file, "/v1/batches", "/v1/batches/" + batch)) {
      JobCalls.Answer answer = accepting(calls, "GET", path, null, "");
      assertThat(answer.status()).as(path + answer.text()).isEqualTo(200);
      assertThat(answer.whole().headers().firstValue("Content-Type")).contains(JSON);
    }
  }

  private static JobCalls.Answer accepting(
      JobCalls calls, String method, String path, @Nullable String body, String type)
      throws IOException, InterruptedException {
    return calls.send(
        method, path, body == null ? null : body.getBytes(UTF_8), type, "Accept", "text/plain");
  }

  @Test
  void fileThatCannotBeRead_isNotTheCallersFault() throws Exception {
    Running jobs = startJobs();
    String file = of(jobs).upload("{}");
    try (Stream<Path> files = Files.walk(directory.resolve("objects"))) {
      for (Path object :
          files.filter(Files::isRegularFile).filter(each -> !each.endsWith("mark")).toList()) {
        Files.delete(object);
        // It can be opened, and not be read.
        Files.createDirectory(object);
      }
    }
    JobCalls.Answer broken = of(jobs).get("/v1/files/" + file + "/content");
    assertThat(broken.status()).as(broken.text()).isEqualTo(500);
    assertThat(broken.json().at("/error/message").asString()).doesNotContain("body ended");
  }

  /** Its lines need no model: they need not wait until others have one. */
  @Test
  void cancelled_ends_whileItsOwnersOtherLinesWait() throws Exception {
    gateway.answering(
        body ->
            body.path("input").asString().equals("a")
                ? FakeGateway.echo(body)
                : new FakeGateway.Said(429, "{}", "Retry-After", "1"));
    Running jobs = startJobs("--fleet.jobs.concurrent-slices=2");
    JobCalls calls = of(jobs);
    String file = calls.upload(JobCalls.line("a") + JobCalls.line("b"));
    calls.batch(file);
    processes.await("a line that waits", () -> gateway.asked() > 2);
    String other = calls.batch(file);
    processes.await("its input is judged", () -> isBegun(calls, other));
    calls.post("/v1/batches/" + other + "/cancel", "");
    assertThat(calls.awaitEnd(processes, jobs, other).path("status").asString())
        .isEqualTo("cancelled");
  }

  private static boolean isBegun(JobCalls calls, String batch) throws InterruptedException {
    try {
      return calls.batchNow(batch).path("status").asString().equals("in_progress");
    } catch (IOException failed) {
      throw new IllegalStateException(failed);
    }
  }
}
