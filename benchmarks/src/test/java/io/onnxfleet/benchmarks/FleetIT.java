package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.benchmarks.client.BatchStatistics;
import io.onnxfleet.benchmarks.client.BinaryRequest;
import io.onnxfleet.benchmarks.client.FleetClient;
import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The fleet as real processes on loopback, under load, while replicas come to harm. */
class FleetIT {
  private static final String MODEL = "all-minilm-l6-v2";
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final int CLIENTS = 64;

  /** What is lost is lost in the moment of a death: more of them measure, and find no more. */
  private static final int REQUESTS = Integer.getInteger("fleet.requests", 3_000);

  /** However slow the machine is: what is shed when answers take long is another test's. */
  private static final String ALL_ARE_LET_IN = "--fleet.gateway.limits.least=" + CLIENTS;

  private static final int HIDDEN_SIZE = 384;
  private static final long FIRST_WORD = 1996;
  private static final long VOCABULARY = 30522;
  private static final double TOLERANCE = 1e-5;

  @Test
  void answers_allCome_whenOneReplicaIsKilledAndOneIsStopped() throws Exception {
    int requests = REQUESTS;
    try (FleetProcesses fleet = new FleetProcesses(ROOT, Path.of("target/fleet/failures"))) {
      fleet.startRegistry();
      Running gateway = fleet.startGateway("gateway", ALL_ARE_LET_IN);
      // As a cluster gives zones: the node's, and an empty one where its label is absent.
      Running killed = fleet.startReplica("replica-killed", Map.of("FLEET_ZONE", "z1"));
      Running stopped = fleet.startReplica("replica-stopped", Map.of("FLEET_ZONE", "z2"));
      Running survivor = fleet.startReplica("replica-survivor", Map.of("FLEET_ZONE", ""));
      for (Running replica : List.of(killed, stopped, survivor)) {
        fleet.awaitOk(replica, "/v2/health/ready");
      }
      fleet.awaitRegistered(3);
      assertThat(fleet.registeredZones()).containsExactly("z1", "z2");
      fleet.awaitOk(gateway, "/v2/models/" + MODEL + "/ready");

      try (FleetClient client = new FleetClient(gateway.base())) {
        List<BinaryRequest> inputs =
            List.of(tokens(1, 16), tokens(2, 32), tokens(3, 16), tokens(4, 32));
        List<float[]> alone = new ArrayList<>();
        for (BinaryRequest input : inputs) {
          alone.add(hiddenState(client.infer(MODEL, input)));
        }
        AtomicInteger different = new AtomicInteger();
        ClosedLoop.Outcome outcome =
            new ClosedLoop(System::nanoTime)
                .count(
                    CLIENTS,
                    requests,
                    sequence -> {
                      if (sequence == requests * 3L / 10) {
                        killed.kill();
                      } else if (sequence == requests * 6L / 10) {
                        stopped.terminate();
                      }
                      int which = (int) (sequence % inputs.size());
                      float[] answer = hiddenState(client.infer(MODEL, inputs.get(which)));
                      if (!isClose(answer, alone.get(which))) {
                        different.incrementAndGet();
                      }
                    });

        assertThat(outcome.firstFailure()).isNull();
        assertThat(outcome.failures()).isZero();
        assertThat(outcome.latencies().getTotalCount()).isEqualTo(requests);
        assertThat(different).hasValue(0);
        assertThat(stopped.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(survivor.process().isAlive()).isTrue();
        System.out.printf(
            "%d requests, one replica killed, one stopped: %.0f/s, p50 %.0f ms, p99 %.0f ms%n",
            requests, outcome.perSecond(), outcome.millis(50), outcome.millis(99));
      }
    }
  }

  /** Two tests of one replica, one after the other. */
  @Nested
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  class OfOneReplica {

    private FleetProcesses fleet;
    private Running gateway;

    @BeforeAll
    void start() throws Exception {
      fleet = new FleetProcesses(ROOT, Path.of("target/fleet/one-replica"));
      fleet.startRegistry();
      gateway = fleet.startGateway("gateway", ALL_ARE_LET_IN);
      Running replica = fleet.startReplica("replica");
      fleet.awaitOk(replica, "/v2/health/ready");
      fleet.awaitOk(gateway, "/v2/models/" + MODEL + "/ready");
    }

    @AfterAll
    void stop() {
      fleet.close();
    }

    @Test
    void failures_areTheMalformedAlone_whenLengthsAreMixedUnderLoad() throws Exception {
      int requests = 2_048;
      try (FleetClient client = new FleetClient(gateway.base())) {
        BinaryRequest shorter = tokens(1, 16);
        BinaryRequest longer = tokens(2, 32);
        // The declaration allows this id; only the model's own lookup, in the batch, refuses it.
        BinaryRequest malformed = request(fill(new long[16], VOCABULARY + 7));
        AtomicInteger malformedAnswers = new AtomicInteger();
        ClosedLoop.Outcome outcome =
            new ClosedLoop(System::nanoTime)
                .count(
                    CLIENTS,
                    requests,
                    sequence -> {
                      if (sequence % 64 == 0) {
                        expectRefusal(client, malformed, malformedAnswers);
                      } else {
                        BinaryRequest input = sequence % 2 == 0 ? shorter : longer;
                        hiddenState(client.infer(MODEL, input));
                      }
                    });

        assertThat(outcome.firstFailure()).isNull();
        assertThat(malformedAnswers).hasValue(requests / 64);
        BatchStatistics statistics = client.batchStatistics(MODEL);
        assertThat(statistics.meanBatchSize()).as("requests shared batches").isGreaterThan(1);
      }
    }

    @Test
    void clients_areServedInTurn_whenManyShareOneInstance() throws Exception {
      long rounds = 30;
      try (FleetClient client = new FleetClient(gateway.base())) {
        BinaryRequest input = tokens(1, 16);
        AtomicLong left = new AtomicLong(CLIENTS * rounds);
        AtomicIntegerArray served = new AtomicIntegerArray(CLIENTS);
        AtomicInteger failed = new AtomicInteger();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
          for (int index = 0; index < CLIENTS; index++) {
            int self = index;
            clients.execute(
                () -> {
                  while (left.getAndDecrement() > 0) {
                    try {
                      hiddenState(client.infer(MODEL, input));
                      served.incrementAndGet(self);
                    } catch (IOException | InterruptedException failure) {
                      failed.incrementAndGet();
                    }
                  }
                });
          }
        }
        assertThat(failed).hasValue(0);
        for (int index = 0; index < CLIENTS; index++) {
          assertThat((long) served.get(index)).as("client %d", index).isGreaterThan(rounds / 3);
        }
      }
    }
  }

  private static void expectRefusal(
      FleetClient client, BinaryRequest malformed, AtomicInteger refused)
      throws IOException, InterruptedException {
    try {
      client.infer(MODEL, malformed);
    } catch (IOException refusal) {
      String message = String.valueOf(refusal.getMessage());
      if (!message.contains("status 4") && !message.contains("status 500")) {
        throw refusal;
      }
      refused.incrementAndGet();
      return;
    }
    throw new IOException("a malformed request was answered");
  }

  private static BinaryRequest tokens(long seed, int length) {
    Random random = new Random(seed);
    long[] ids = new long[length];
    for (int index = 0; index < length; index++) {
      ids[index] = random.nextLong(FIRST_WORD, VOCABULARY);
    }
    return request(ids);
  }

  private static BinaryRequest request(long[] ids) {
    return BinaryRequest.ofRows(
        Map.of(
            "input_ids",
            ids,
            "attention_mask",
            fill(new long[ids.length], 1),
            "token_type_ids",
            new long[ids.length]));
  }

  private static long[] fill(long[] values, long value) {
    Arrays.fill(values, value);
    return values;
  }

  /** The one binary output at the end of the answer. */
  private static float[] hiddenState(byte[] answer) throws IOException {
    int tokens = answer.length >= 32 * HIDDEN_SIZE * Float.BYTES ? 32 : 16;
    int size = tokens * HIDDEN_SIZE * Float.BYTES;
    if (answer.length < size) {
      throw new IOException(answer.length + " bytes (expected: >= " + size + ")");
    }
    float[] values = new float[tokens * HIDDEN_SIZE];
    ByteBuffer.wrap(answer, answer.length - size, size)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }

  private static boolean isClose(float[] actual, float[] expected) {
    if (actual.length != expected.length) {
      return false;
    }
    for (int index = 0; index < actual.length; index++) {
      if (!(Math.abs(actual[index] - expected[index]) <= TOLERANCE)) {
        return false;
      }
    }
    return true;
  }
}
