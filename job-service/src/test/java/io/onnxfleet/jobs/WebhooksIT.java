package io.onnxfleet.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.webhook.Receiver;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Webhooks of the real process, which is ended as a crash would. */
class WebhooksIT extends RealJobService {
  private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  private static final String PREFIX = "--fleet.jobs.webhooks.";
  private static final String LOOPBACK = PREFIX + "private-networks=127.0.0.1";
  private static final String AT_ONCE = PREFIX + "retry-pauses=100ms,100ms,100ms,100ms,100ms,1h";

  private Receiver receiver;

  @BeforeEach
  void startReceiver() throws IOException {
    receiver = new Receiver("127.0.0.1", 0, null);
  }

  @AfterEach
  void endReceiver() {
    receiver.close();
  }

  private String key(String endpoint, String key) {
    return PREFIX + "endpoints." + endpoint + "." + key + "=";
  }

  @Override
  Running startJobs(String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.add(key("all", "url") + "http://127.0.0.1:" + receiver.port() + "/all");
    all.add(key("all", "secrets") + SECRET);
    return super.startJobs(all.toArray(String[]::new));
  }

  private static JsonNode event(Receiver.Received received) {
    return JsonMapper.shared().readTree(received.body());
  }

  /** Type and subject of what came to a path, in order. */
  private List<String> events(String path) {
    return receiver.received().stream()
        .filter(received -> received.path().equals(path))
        .map(WebhooksIT::event)
        .map(event -> event.path("type").asString() + " " + event.at("/data/id").asString())
        .toList();
  }

  private static double meter(Running jobs, String name, String tags) throws Exception {
    return of(jobs)
        .get("/actuator/prometheus")
        .text()
        .lines()
        .filter(line -> line.startsWith(name + "{") && line.contains(tags))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private void awaitNoneWaiting(Running jobs) throws Exception {
    processes.await(
        "no delivery waits",
        () -> {
          try {
            return meter(jobs, "fleet_jobs_webhooks_waiting", "") == 0;
          } catch (InterruptedException ended) {
            throw ended;
          } catch (Exception failed) {
            throw new IllegalStateException(failed);
          }
        });
  }

  @Test
  void delivery_survivesAKill_whileItIsUnderWay() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    receiver.answering(exchange -> held.await());
    Running jobs = startJobs(LOOPBACK);
    String batch = of(jobs).batch(of(jobs).upload(JobCalls.line("a")));
    processes.await("a try under way", () -> !receiver.received().isEmpty());
    assertThat(of(jobs).batchNow(batch).path("status").asString()).isEqualTo("completed");
    jobs = again(jobs);
    processes.await("another try", () -> receiver.received().size() > 1);
    receiver.answering(exchange -> exchange.sendResponseHeaders(204, -1));
    // Of those, one is of the killed process and one of its successor, which tries once more.
    jobs = again(jobs);
    held.countDown();
    awaitNoneWaiting(jobs);
    assertThat(events("/all")).hasSize(3).containsOnly("batch.completed " + batch);
    assertThat(receiver.received())
        .extracting(received -> received.headers().get("webhook-id"))
        .containsOnly(event(receiver.received().getFirst()).path("id").asString());
    assertThat(meter(jobs, "fleet_jobs_webhooks_deliveries_total", "outcome=\"delivered\""))
        .isEqualTo(1);
  }

  @Test
  void everyBatch_isAnnounced_wheneverTheProcessIsKilled() throws Exception {
    Running jobs = startJobs(LOOPBACK, AT_ONCE);
    Set<String> expected = new HashSet<>();
    for (int round = 0; round < ROUNDS; round++) {
      int asked = gateway.asked();
      String file = of(jobs).upload(JobCalls.line("round" + round));
      expected.add("batch.completed " + of(jobs).batch(file));
      processes.await("its line was asked", () -> gateway.asked() > asked);
      jobs = again(jobs);
    }
    processes.await("an event of each batch", () -> new HashSet<>(events("/all")).equals(expected));
    awaitNoneWaiting(jobs);
  }

  @Test
  void failedTry_isRepeated() throws Exception {
    requireRepeated();
  }

  @Test
  void failedTry_isRepeated_onPostgreSqlToo() throws Exception {
    requireRepeated(onPostgreSql());
  }

  private void requireRepeated(String... arguments) throws Exception {
    receiver.answering(
        exchange -> exchange.sendResponseHeaders(receiver.received().size() < 3 ? 500 : 200, -1));
    List<String> all = new ArrayList<>(List.of(LOOPBACK, AT_ONCE));
    all.addAll(List.of(arguments));
    Running jobs = startJobs(all.toArray(String[]::new));
    String batch = of(jobs).batch(of(jobs).upload(JobCalls.line("a")));
    processes.await("three tries", () -> receiver.received().size() == 3);
    awaitNoneWaiting(jobs);
    assertThat(events("/all")).hasSize(3).containsOnly("batch.completed " + batch);
    assertThat(meter(jobs, "fleet_jobs_webhooks_deliveries_total", "outcome=\"retried\""))
        .isEqualTo(2);
  }

  @Test
  void endpoints_areToldOfTheirEventsAndOwnersOnly() throws Exception {
    Running jobs =
        startJobs(
            LOOPBACK,
            key("bob", "url") + "http://127.0.0.1:" + receiver.port() + "/bob",
            key("bob", "secrets") + SECRET,
            key("bob", "owners") + "key:b*",
            key("bob", "events") + "batch.failed,batch.cancelled");
    JobCalls alice = new JobCalls(jobs.base(), WorkOwner.named("key:alice").write());
    JobCalls bob = new JobCalls(jobs.base(), WorkOwner.named("key:bob").write());
    List<String> all = new ArrayList<>();
    all.add("batch.failed " + alice.batch(alice.upload("nothing\n")));
    String failed = "batch.failed " + bob.batch(bob.upload("nothing\n"));
    all.add(failed);
    all.add("batch.completed " + bob.batch(bob.upload(JobCalls.line("a"))));
    processes.await("all events", () -> events("/all").size() == all.size());
    awaitNoneWaiting(jobs);
    assertThat(events("/all")).containsExactlyInAnyOrderElementsOf(all);
    assertThat(events("/bob")).containsExactly(failed);
  }

  @Test
  void singleRequests_areAnnounced() throws Exception {
    Running jobs = startJobs(LOOPBACK, AT_ONCE);
    String completed = single(jobs);
    processes.await("an answer", () -> !events("/all").isEmpty());
    gateway.answering(body -> new FakeGateway.Said(429, "{}", "Retry-After", "1"));
    String cancelled = single(jobs);
    assertThat(of(jobs).delete("/v1/jobs/" + cancelled).status()).isEqualTo(200);
    processes.await("both events", () -> events("/all").size() == 2);
    awaitNoneWaiting(jobs);
    assertThat(events("/all"))
        .containsExactly("job.completed " + completed, "job.cancelled " + cancelled);
  }

  private static String single(Running jobs) throws Exception {
    JobCalls.Answer answer = of(jobs).post("/v1/jobs?call=%2Fv1%2Fembeddings", "{\"input\":\"a\"}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    return answer.json().path("id").asString();
  }

  @Test
  void privateAddress_isNotConnectedTo_unlessItIsAllowed() throws Exception {
    Running jobs = startJobs();
    of(jobs).batch(of(jobs).upload(JobCalls.line("a")));
    processes.await(
        "a refused try",
        () -> {
          try {
            return meter(jobs, "fleet_jobs_webhooks_deliveries_total", "outcome=\"retried\"") > 0;
          } catch (InterruptedException ended) {
            throw ended;
          } catch (Exception failed) {
            throw new IllegalStateException(failed);
          }
        });
    assertThat(receiver.received()).isEmpty();
    assertThat(meter(jobs, "fleet_jobs_webhooks_waiting", "")).isEqualTo(1);
    assertThat(Files.readString(jobs.log()))
        .contains("127.0.0.1 is [127.0.0.1]")
        .contains("fleet.jobs.webhooks.private-networks")
        .doesNotContain(SECRET);
  }
}
