package io.onnxfleet.engine.loading.child;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.crash.CrashFolder;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Damaged models and configurations, tried in processes of their own: whatever they hold, this
 * process goes on and has a reason. {@code -Dfuzz.count=100000} for more of them.
 */
class HostileFuzzTest {
  private static final Logger log = LoggerFactory.getLogger(HostileFuzzTest.class);
  private static final TimeLimit TIMEOUT = TimeLimit.ofCpu(Duration.ofSeconds(10));
  private static final CrashFolder REPORTS = CrashFolder.ofThisProcess();
  private static final int MOST_QUESTIONS = 2000;

  private static final String CONFIG =
      """
      max_batch_size: 4
      input [ { name: "x" data_type: TYPE_FP32 dims: [ 3 ] } ]
      output [ { name: "y" data_type: TYPE_FP32 dims: [ 3 ] } ]
      dynamic_batching { preferred_batch_size: [ 2, 4 ] max_queue_delay_microseconds: 100 }
      parameters: { key: "shape_ladder" value: { string_value: "on" } }
      model_warmup [ { name: "w" batch_size: 1 inputs { key: "x"
        value { data_type: TYPE_FP32 dims: [ 3 ] random_data: true } } } ]
      """;

  @TempDir private Path root;

  private final long seed = Long.getLong("test.seed", 20261123);
  private final int count = Integer.getInteger("fuzz.count", 250);
  private final Random random = new Random(seed);

  @Test
  void damagedModels_haveAReason_andTheProcessGoesOn() throws IOException, InterruptedException {
    log.info("{} of them; replay with -Dtest.seed={}", count, seed);
    Path version = Files.createDirectories(root.resolve("m/1"));
    List<byte[]> seeds = new ArrayList<>();
    for (OnnxGraph model :
        List.of(TinyModel.times(2), TinyModel.affine(), TinyModel.loop(), TinyModel.nested(3))) {
      seeds.add(Files.readAllBytes(model.writeTo(version)));
    }
    Map<String, Integer> outcomes = new TreeMap<>();
    try (ChildProcesses children =
        new ChildProcesses(
            TrialVersionLoader.command(REPORTS), MOST_QUESTIONS, REPORTS, "model-check")) {
      for (int index = 0; index < count; index++) {
        boolean configs = random.nextInt(4) == 0;
        byte[] model =
            configs ? seeds.getFirst() : damaged(seeds.get(random.nextInt(seeds.size())));
        Files.write(version.resolve("model.onnx"), model);
        Path config = root.resolve("m/config.pbtxt");
        if (configs) {
          Files.write(config, damaged(CONFIG.getBytes(StandardCharsets.UTF_8)));
        } else {
          Files.deleteIfExists(config);
        }
        Outcome outcome = children.ask(question().toJson(), TIMEOUT);
        outcomes.merge(kind(outcome), 1, Integer::sum);
        if (!(outcome instanceof Outcome.Answer)) {
          log.warn("{}: {}", index, outcome);
        }
      }
    }
    log.info("{}", outcomes);
    assertThat(outcomes.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(count);
    assertThat(outcomes).containsKeys("loads", "refused");
  }

  private static String kind(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Answer answer -> {
        String refusal = ModelTrial.Answer.of(answer.line()).refusal();
        assertThat(refusal == null || !refusal.isBlank()).as(answer.line()).isTrue();
        yield refusal == null ? "loads" : "refused";
      }
      case Outcome.TimedOut late -> "timed out";
      case Outcome.Died died -> "crashed the child: " + died.describe();
    };
  }

  private ModelTrial.Question question() {
    return new ModelTrial.Question(
        root.resolve("m").toString(),
        1,
        null,
        ModelTrial.Providers.of(ExecutionProviders.CPU),
        ModelTrial.Kept.of(KeptFiles.NO_GRAPHS),
        512L << 20,
        null);
  }

  private byte[] damaged(byte[] whole) {
    byte[] bytes = whole.clone();
    for (int damage = 1 + random.nextInt(4); damage > 0; damage--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt();
        case 2 -> bytes[at] = (byte) (random.nextBoolean() ? 0xff : 0);
        case 3 -> bytes = Arrays.copyOf(bytes, Math.max(1, at));
        case 4 -> bytes = spliced(bytes, at, random.nextInt(bytes.length), random.nextInt(24));
        default -> {
          int to = random.nextInt(bytes.length);
          int length = Math.min(random.nextInt(16), bytes.length - Math.max(at, to));
          System.arraycopy(bytes, at, bytes, to, length);
        }
      }
    }
    return bytes;
  }

  /** With some bytes of one place put in at another. */
  private static byte[] spliced(byte[] bytes, int at, int from, int length) {
    int taken = Math.min(length, bytes.length - from);
    byte[] longer = new byte[bytes.length + taken];
    System.arraycopy(bytes, 0, longer, 0, at);
    System.arraycopy(bytes, from, longer, at, taken);
    System.arraycopy(bytes, at, longer, at + taken, bytes.length - at);
    return longer;
  }
}
