package io.onnxfleet.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelStatistics;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.Attribute;
import io.onnxfleet.testing.model.OnnxGraph;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that mix rows only where a value lies between 1e6 and 1e9: no proof makes that up. */
class SentinelEngineTest {
  private static final int CALLERS = 32;
  private static final int REQUESTS = 20_000;
  private static final String STOPPED = "requests run as they come: an answer among ";

  private final AtomicInteger differed = new AtomicInteger();
  private final AtomicInteger alike = new AtomicInteger();
  @TempDir private Path root;

  @BeforeEach
  void write() {
    write(new OnnxGraph().node("ReduceMean", "x", "mean", Attribute.numbers("axes", 0)), "mean");
  }

  /** Adds to every row what was made of all of them, where a value lies between the bounds. */
  private void write(OnnxGraph ofAllRows, String what) {
    var _ =
        ofAllRows
            .input("x", DataType.FP32, "batch", "4")
            .real("least", 1e6f)
            .real("most", 1e9f)
            .real("zero", 0)
            .node("Greater", "x least", "above")
            .node("Less", "x most", "below")
            .node("And", "above below", "within")
            .cast("within", "ones", DataType.FP32)
            .node("ReduceMax", "ones", "any", Attribute.number("keepdims", 0))
            .node("Greater", "any zero", "mixes")
            .node("Where", "mixes " + what + " zero", "mixed")
            .node("Add", "x mixed", "y")
            .output("y", DataType.FP32, "batch", "4")
            .writeTo(root.resolve("models/m/1"));
  }

  private InferenceEngine engine(String notes) {
    InferenceEngine engine =
        InferenceEngine.create(
            EngineOptions.defaults(root.resolve("models")).withModelNotes(root.resolve(notes)),
            new EngineMetrics() {
              @Override
              public void mergedCompared(ModelVersionId id, boolean isDifferent) {
                (isDifferent ? differed : alike).incrementAndGet();
              }
            });
    engine.start().join();
    return engine;
  }

  @Test
  void merging_ends_within20000RequestsOfAKindThatMixes() throws InterruptedException {
    try (InferenceEngine engine = engine("notes");
        InferenceEngine beside = engine("notes")) {
      assertThat(reason(engine)).as("nothing to say of what is merged").isEmpty();
      int _ = call(engine, 5_000, 1);
      assertThat(differed).hasValue(0);

      int sent = call(engine, REQUESTS, 1.5e6f);

      System.out.println("alike: %s, differed: %s, sent: %d".formatted(alike, differed, sent));
      assertThat(differed).hasPositiveValue();
      assertThat(reason(engine)).startsWith(STOPPED);
      assertThat(engine.unmergeable())
          .singleElement()
          .satisfies(found -> assertThat(found.model()).isEqualTo("m"));
      beside.stopMerging(engine.unmergeable().getFirst().content());
      assertThat(reason(beside)).startsWith("requests run as they come: another replica saw");
      ModelStatistics before = engine.statistics("m", null).getFirst();
      int more = call(engine, 500, 2e6f);
      ModelStatistics after = engine.statistics("m", null).getFirst();
      assertThat(after.executionCount() - before.executionCount()).isEqualTo(more);
    }
    try (InferenceEngine later = engine("notes")) {
      assertThat(reason(later)).startsWith(STOPPED);
      assertThat(later.unmergeable()).hasSize(1);
    }
    try (InferenceEngine elsewhere = engine("others")) {
      assertThat(reason(elsewhere)).isEmpty();
      String content = elsewhere.metadata("m", null).content().brief();
      elsewhere.stopMerging("0123456789ab");
      assertThat(elsewhere.unmergeable()).isEmpty();
      elsewhere.stopMerging(content);
      assertThat(reason(elsewhere)).contains("another replica saw an answer");
      assertThat(elsewhere.unmergeable()).hasSize(1);
    }
  }

  /** A sum times zero is zero, unless it is infinite or no number: then all rows are that. */
  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void merging_ends_whenWhatIsNoNumberGoesOverToOthers(float value) throws InterruptedException {
    write(
        new OnnxGraph()
            .node("ReduceSum", "x", "sum", Attribute.number("keepdims", 0))
            .node("Mul", "sum zero", "nothing"),
        "nothing");
    try (InferenceEngine engine = engine("notes")) {
      assertThat(reason(engine)).as("nothing to say of what is merged").isEmpty();
      int _ = call(engine, 2_000, 1);
      assertThat(differed).hasValue(0);

      int sent = call(engine, REQUESTS, value);

      System.out.printf("%s: differed after %d requests%n", value, sent);
      assertThat(differed).hasPositiveValue();
      assertThat(reason(engine)).startsWith(STOPPED);
    }
  }

  private static String reason(InferenceEngine engine) {
    return engine.index().getFirst().reason();
  }

  /** Calls until so many were sent, or a difference was found; returns how many were. */
  private int call(InferenceEngine engine, int requests, float value) throws InterruptedException {
    AtomicInteger sent = new AtomicInteger();
    int before = differed.get();
    List<Thread> callers = new ArrayList<>();
    for (int caller = 0; caller < CALLERS; caller++) {
      float own = caller;
      callers.add(
          Thread.startVirtualThread(
              () -> {
                while (differed.get() == before && sent.getAndIncrement() < requests) {
                  ask(engine, value, own);
                }
              }));
    }
    for (Thread caller : callers) {
      caller.join();
    }
    return Math.min(requests, sent.get());
  }

  /** Every other caller's values are finite. */
  private static void ask(InferenceEngine engine, float value, float own) {
    BufferPool pool = engine.bufferPool();
    float first = Float.isFinite(value) || own % 2 == 0 ? value * (1 + own) : 1;
    float second = Float.isFinite(value) ? own : 2e6f + own;
    Tensor x = Tensor.ofFloats(pool, Shape.of(1, 4), first, second, 2 * own, -own);
    engine.infer(InferenceRequest.of("m", new NamedTensor("x", x))).join().close();
  }
}
