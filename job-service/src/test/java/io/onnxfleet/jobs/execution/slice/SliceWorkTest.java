package io.onnxfleet.jobs.execution.slice;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.MemoryDatabase;
import io.onnxfleet.jobs.batch.Batch;
import io.onnxfleet.jobs.batch.BatchStatus;
import io.onnxfleet.jobs.batch.BatchesInMemory;
import io.onnxfleet.jobs.execution.GatewayLines;
import io.onnxfleet.jobs.execution.Pauses;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.observability.EndCounters;
import io.onnxfleet.jobs.quota.OwnerShares;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClient;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryProperties;
import tools.jackson.databind.json.JsonMapper;

/** With a gateway's answers; the same in the real process is {@code JobServiceIT}'s. */
@Timeout(60)
class SliceWorkTest {
  /** What the gateway is too busy for. */
  private static final String WAITING = "waiting";

  private final Names names = new Names();
  private final Pauses pauses = new Pauses();
  private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  @TempDir private Path folder;
  private HttpServer gateway;
  private ObjectStore store;
  private BatchesInMemory batches;

  @BeforeEach
  void start() throws IOException {
    store = new ObjectStore(folder, 0, names);
    batches = new BatchesInMemory(store);
    gateway = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    gateway.setExecutor(threads);
    gateway.createContext(
        "/",
        exchange -> {
          try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String id = JsonMapper.shared().readTree(body).path("id").asString();
            asked.add(id);
            exchange.sendResponseHeaders(id.equals(WAITING) ? 429 : 200, 2);
            exchange.getResponseBody().write("{}".getBytes(UTF_8));
          }
        });
    gateway.start();
  }

  @AfterEach
  void stop() {
    gateway.stop(0);
    threads.shutdownNow();
  }

  /**
   * Work with memory for one line of 64 KiB.
   *
   * @param lines at a time
   */
  private SliceWork work(ObjectStore kept, int lines) {
    String url = "http://127.0.0.1:" + gateway.getAddress().getPort();
    GatewayLines asking =
        GatewayLines.of(
            MemoryDatabase.properties(Map.of("gateway", url)),
            null,
            new SimpleDiscoveryClient(new SimpleDiscoveryProperties()),
            8,
            1 << 20,
            time -> {},
            pauses,
            InstantSource.system());
    return new SliceWork(
        batches.batches(),
        kept,
        asking,
        threads,
        new OwnerShares(4),
        lines,
        64 << 10,
        1 << 20,
        pauses,
        new EndCounters(new SimpleMeterRegistry()),
        names,
        InstantSource.system());
  }

  private static String line(String id, int length) {
    return "{\"custom_id\":\"%1$s\",\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{\"id\":\"%1$s\",\"input\":\"%2$s\"}}\n"
        .formatted(id, "x".repeat(length));
  }

  private String begin(String owner, int linesOfASlice, String... lines) throws IOException {
    return batches.begin(owner, String.join("", lines).getBytes(UTF_8), linesOfASlice);
  }

  private Batch now(String id) {
    return batches.batches().find(id).orElseThrow();
  }

  private void cancel(String id) {
    batches.batches().cancel(id, WorkOwner.named(now(id).owner()));
  }

  @Test
  void longLineThatWaits_keepsNoOtherFromItsTurn() throws Exception {
    SliceWork work = work(store, 2);
    String waiting = begin("alice", 10, line(WAITING, 300_000));
    Future<?> slice =
        threads.submit(
            () -> {
              work.run(waiting, 0);
              return null;
            });
    assertThat(asked.take()).isEqualTo(WAITING);
    String other = begin("bob", 10, line("b", 200_000));
    work.run(other, 0);
    assertThat(now(other).status()).isEqualTo(BatchStatus.COMPLETED);
    assertThat(now(waiting).status()).isEqualTo(BatchStatus.IN_PROGRESS);
    cancel(waiting);
    slice.get();
    assertThat(now(waiting).status()).isEqualTo(BatchStatus.CANCELLED);
  }

  @Test
  void linesOfLikeLength_areAskedTogether_andKeptInTheirOrder() throws Exception {
    String id = begin("alice", 10, line("a", 10), line("b", 1000), line("c", 15), line("d", 990));
    work(store, 1).run(id, 0);
    assertThat(asked).containsExactly("b", "d", "c", "a");
    assertThat(
            batches
                .content(Objects.requireNonNull(now(id).outputFileId()))
                .lines()
                .map(line -> JsonMapper.shared().readTree(line).path("custom_id").asString()))
        .containsExactly("a", "b", "c", "d");
  }

  @Test
  void cancelled_endsWithWhatIsThere_thoughTheDiskIsFull() throws Exception {
    String id = begin("alice", 1, line("a", 1), line("b", 1));
    work(store, 1).run(id, 0);
    SliceWork full = work(new ObjectStore(folder, Long.MAX_VALUE, names), 1);
    assertThatThrownBy(() -> full.run(id, 1))
        .isInstanceOfSatisfying(
            JobException.class,
            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.STORE_FULL));
    assertThat(now(id).status()).isEqualTo(BatchStatus.IN_PROGRESS);
    cancel(id);
    full.run(id, 1);
    Batch ended = now(id);
    assertThat(ended.status()).isEqualTo(BatchStatus.CANCELLED);
    assertThat(ended.counts()).isEqualTo(new Batch.Counts(2, 1, 1));
    assertThat(ended.errors()).contains("store_full");
    assertThat(ended.errorFileId()).isNull();
    assertThat(batches.content(Objects.requireNonNull(ended.outputFileId()))).contains("\"a\"");
    assertThat(List.copyOf(asked)).containsExactly("a");
  }
}
