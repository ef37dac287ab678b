package io.onnxfleet.benchmarks;

import ai.onnxruntime.OrtException;
import com.google.errorprone.annotations.FormatMethod;
import io.onnxfleet.benchmarks.RawOnnxRuntime.Split;
import io.onnxfleet.benchmarks.command.CallersFolder;
import io.onnxfleet.engine.text.tokenization.SpecialTokens;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code rerank-load}: what reranking costs over ONNX Runtime alone, what eight callers get of it,
 * and what memory it takes, with a fleet of its own and a cross-encoder of seeded weights.
 */
@Command(
    name = "rerank-load",
    description = "Speed and memory of reranking by a cross-encoder of MiniLM's size.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit code:%n",
    exitCodeList = {"0: all bars are met", "1: one is missed", "2: wrong usage"})
final class RerankLoadCommand implements Callable<Integer> {
  private static final double LEAST_AT_REPLICA = 0.90;
  private static final double LEAST_AT_GATEWAY = 0.85;
  private static final double LEAST_OF_CALLERS = 0.95;
  private static final double MOST_OVER_MEDIAN = 1.5;
  private static final double MOST_MEMORY = 2;
  private static final int CALLERS = 8;
  private static final int PASSAGES_OF_A_CALLER = 25;
  private static final int LONG_PASSAGE = 8000;
  private static final long LOOK_NANOS = 5_000_000;
  private static final long[] NOTHING = {};
  private static final int MEGABYTE = 1 << 20;

  /** What is measured. */
  enum Measure {
    /** One call's time over that of its pairs run raw. */
    RAW,
    /** What many callers get, and how long the slowest waits. */
    CALLERS,
    /** What a call of very many passages takes, with and without a very long one. */
    MEMORY
  }

  @Spec private @Nullable CommandSpec spec;

  @Parameters(
      paramLabel = "MEASURE",
      arity = "0..*",
      description = "${COMPLETION-CANDIDATES}, in any case. Default: all.")
  private List<Measure> measures = List.of(Measure.values());

  @Option(names = "--root", required = true, hidden = true)
  private Path root = Path.of("");

  @Option(
      names = "--folder",
      required = true,
      description = "For the model, and what processes print.")
  private Path folder = Path.of("");

  @Option(
      names = "--rounds",
      description = "In each, everything is measured once. Default: ${DEFAULT-VALUE}.")
  private int rounds = 11;

  @Option(
      names = "--warm-up",
      paramLabel = "S",
      description = "Seconds of calls before. Default: ${DEFAULT-VALUE}.")
  private double warmUp = 30;

  @Option(
      names = "--duration",
      paramLabel = "S",
      description = "Seconds of each round with callers. Default: ${DEFAULT-VALUE}.")
  private double duration = 10;

  @Option(
      names = "--passages",
      description = "Of a call that is compared with raw runs. Default: ${DEFAULT-VALUE}.")
  private int passages = 100;

  @Option(
      names = "--many",
      description = "Passages of a call whose memory is looked at. Default: ${DEFAULT-VALUE}.")
  private int many = 4000;

  private final RerankTexts texts = new RerankTexts(1);
  private final ClosedLoop loop = new ClosedLoop(System::nanoTime);
  private boolean isMet = true;

  @Override
  public Integer call() throws IOException, InterruptedException, OrtException {
    Path place = CallersFolder.resolve(folder);
    try (RerankFleet fleet = new RerankFleet(root, place)) {
      for (Measure measure : measures) {
        switch (measure) {
          case RAW -> raw(fleet);
          case CALLERS -> callers(fleet);
          case MEMORY -> memory(fleet);
        }
      }
    }
    return isMet ? 0 : 1;
  }

  private void raw(RerankFleet fleet) throws IOException, InterruptedException, OrtException {
    List<String> documents = texts.passages(passages);
    List<Map<String, long[]>> pairs = pairs(texts.query(), documents);
    Running replica = fleet.startReplica("replica-raw");
    Running gateway = fleet.startGateway();
    warmUp(fleet, gateway, documents);
    Split best = best(fleet.model(), pairs);
    List<Double> atReplica = new ArrayList<>();
    List<Double> atGateway = new ArrayList<>();
    try (RawRows rows = new RawRows(fleet.model(), best, pairs)) {
      rows.nanos(loop);
      for (int round = 0; round < rounds; round++) {
        double alone = rows.nanos(loop);
        atReplica.add(alone / nanos(fleet, replica, documents));
        atGateway.add(alone / nanos(fleet, gateway, documents));
      }
    }
    say("%d passages, raw at its best split %s:", passages, best);
    judge("over raw, at the replica", median(atReplica), true, LEAST_AT_REPLICA);
    judge("over raw, through the gateway", median(atGateway), true, LEAST_AT_GATEWAY);
    gateway.kill();
    replica.kill();
  }

  private Split best(Path model, List<Map<String, long[]>> pairs) throws IOException, OrtException {
    Split best = new Split(1, 1);
    double least = Double.MAX_VALUE;
    for (Split split : Split.of(Runtime.getRuntime().availableProcessors())) {
      try (RawRows rows = new RawRows(model, split, pairs)) {
        rows.nanos(loop);
        double nanos = Math.min(rows.nanos(loop), rows.nanos(loop));
        say("raw %s: %.1f pairs/s", split, pairs.size() * 1e9 / nanos);
        if (nanos < least) {
          least = nanos;
          best = split;
        }
      }
    }
    return best;
  }

  /** The rows of a call as a model takes them, the longest first. */
  private List<Map<String, long[]>> pairs(String query, List<String> documents) {
    try (TextTokenizer tokenizer = TextTokenizer.open(RerankFleet.tokenizer(root))) {
      SpecialTokens frame = tokenizer.framing(tokenizer.encode(query, Integer.MAX_VALUE));
      return documents.stream()
          .map(document -> pair(frame, tokenizer.encode(document, Integer.MAX_VALUE)))
          .sorted(
              Comparator.comparingInt(
                  (Map<String, long[]> row) -> -row.getOrDefault("input_ids", NOTHING).length))
          .toList();
    }
  }

  private static Map<String, long[]> pair(SpecialTokens frame, long... document) {
    long[] types = new long[document.length];
    Arrays.fill(types, frame.textType());
    long[] ids = joined(frame.prefix(), document, frame.suffix());
    long[] mask = new long[ids.length];
    Arrays.fill(mask, 1);
    return Map.of(
        "input_ids",
        ids,
        "attention_mask",
        mask,
        "token_type_ids",
        joined(frame.prefixTypes(), types, frame.suffixTypes()));
  }

  private static long[] joined(long[]... parts) {
    return Arrays.stream(parts).flatMapToLong(Arrays::stream).toArray();
  }

  private void callers(RerankFleet fleet) throws IOException, InterruptedException {
    Running replica = fleet.startReplica("replica-callers");
    List<String> documents = texts.passages(PASSAGES_OF_A_CALLER);
    warmUp(fleet, replica, documents);
    List<Double> shares = new ArrayList<>();
    List<Double> slowest = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      ClosedLoop.Outcome one = calls(fleet, replica, documents, 1);
      ClosedLoop.Outcome all = calls(fleet, replica, documents, CALLERS);
      shares.add(all.perSecond() / one.perSecond());
      slowest.add(all.millis(100) / all.millis(50));
    }
    say("%d callers of %d passages each, at the replica:", CALLERS, PASSAGES_OF_A_CALLER);
    judge("throughput over one caller's", median(shares), true, LEAST_OF_CALLERS);
    judge("slowest call over the median", median(slowest), false, MOST_OVER_MEDIAN);
    replica.kill();
  }

  private ClosedLoop.Outcome calls(
      RerankFleet fleet, Running process, List<String> documents, int callers) throws IOException {
    RerankTexts queries = new RerankTexts(callers);
    ClosedLoop.Outcome outcome =
        loop.during(
            callers,
            Math.round(duration * 1e9),
            _ -> fleet.rerank(process, query(queries), documents));
    return succeeded(outcome);
  }

  private static String query(RerankTexts queries) {
    synchronized (queries) {
      return queries.query();
    }
  }

  private static ClosedLoop.Outcome succeeded(ClosedLoop.Outcome outcome) throws IOException {
    Exception failure = outcome.firstFailure();
    if (failure != null) {
      throw new IOException("a call failed: " + failure.getMessage(), failure);
    }
    return outcome;
  }

  private void memory(RerankFleet fleet) throws IOException, InterruptedException {
    List<String> documents = new ArrayList<>();
    for (int index = 0; index < many; index++) {
      documents.add(texts.text(RerankTexts.LEAST));
    }
    double without = growth(fleet, "replica-short", documents, documents);
    String longOne = texts.text(LONG_PASSAGE);
    double alone = growth(fleet, "replica-alone", documents, List.of(longOne));
    List<String> both = new ArrayList<>(documents);
    both.add(many / 2, longOne);
    double with = growth(fleet, "replica-long", documents, both);
    say(
        "memory of a call of %d passages: %.0f MB more; of one of %d tokens: %.0f MB; of both: %.0f MB",
        many, without / MEGABYTE, LONG_PASSAGE, alone / MEGABYTE, with / MEGABYTE);
    judge("memory with over without", with / without, false, MOST_MEMORY);
  }

  /** How much larger a fresh replica's memory becomes at most while it answers such a call. */
  private double growth(
      RerankFleet fleet, String name, List<String> shortOnes, List<String> documents)
      throws IOException, InterruptedException {
    Running replica = fleet.startReplica(name);
    warmUp(fleet, replica, shortOnes.subList(0, Math.min(25, shortOnes.size())));
    long before = replica.residentBytes();
    AtomicLong most = new AtomicLong(before);
    AtomicBoolean isOver = new AtomicBoolean();
    Thread looking =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!isOver.get()) {
                    most.accumulateAndGet(resident(replica), Math::max);
                    LockSupport.parkNanos(LOOK_NANOS);
                  }
                });
    try {
      fleet.rerank(replica, texts.query(), documents);
    } finally {
      isOver.set(true);
      looking.join();
    }
    replica.kill();
    return Math.max(1, most.get() - before);
  }

  private static long resident(Running replica) {
    try {
      return replica.residentBytes();
    } catch (IOException gone) {
      return 0;
    }
  }

  private void warmUp(RerankFleet fleet, Running process, List<String> documents)
      throws IOException {
    ClosedLoop.Outcome _ =
        succeeded(
            loop.during(
                1, Math.round(warmUp * 1e9), _ -> fleet.rerank(process, query(texts), documents)));
  }

  private double nanos(RerankFleet fleet, Running process, List<String> documents)
      throws IOException, InterruptedException {
    String query = texts.query();
    long start = System.nanoTime();
    fleet.rerank(process, query, documents);
    return System.nanoTime() - start;
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  private void judge(String what, double value, boolean isLeast, double bar) {
    boolean isGood = isLeast ? value >= bar : value <= bar;
    isMet &= isGood;
    say(
        "  %s: %.3f (goal: %s %.2f)%s",
        what, value, isLeast ? "at least" : "at most", bar, isGood ? "" : " MISSED");
  }

  @FormatMethod
  private void say(String format, Object... values) {
    if (spec != null) {
      PrintWriter out = spec.commandLine().getOut();
      out.println(String.format(Locale.ROOT, format, values));
      out.flush();
    }
  }

  /** Rows in ONNX Runtime's own memory, and what runs them. */
  private static final class RawRows implements AutoCloseable {
    private final RawOnnxRuntime runtime;
    private final List<RawOnnxRuntime.Batch> rows = new ArrayList<>();

    RawRows(Path model, Split split, List<Map<String, long[]>> pairs) throws OrtException {
      runtime = new RawOnnxRuntime(model, split, RawOnnxRuntime.Device.CPU);
      try {
        for (Map<String, long[]> pair : pairs) {
          rows.add(runtime.row(pair));
        }
      } catch (Throwable failed) {
        close();
        throw failed;
      }
    }

    /** That it takes to run each once. */
    double nanos(ClosedLoop loop) throws IOException {
      return succeeded(
              loop.count(
                  runtime.split().sessions(), rows.size(), row -> runtime.run(rows.get((int) row))))
          .elapsedNanos();
    }

    @Override
    public void close() throws OrtException {
      rows.forEach(RawOnnxRuntime.Batch::close);
      runtime.close();
    }
  }
}
