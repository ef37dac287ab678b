package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.instance.ModelInterface;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.proof.GraphFacts;
import io.onnxfleet.engine.proof.RowProof;
import io.onnxfleet.engine.proof.RowVerdict;
import io.onnxfleet.engine.proof.SampleInput;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.Shape;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Proves of models that are being loaded whether their rows are independent. Thread-safe. */
final class RowProofs {
  /** CPU time for what goes beyond the essential. */
  private static final long BUDGET_NANOS = 300_000_000;

  /** More rows together say little more. */
  private static final int MOST_ROWS = 32;

  private final BufferPool pool;
  private final LongSupplier cpuNanos;

  RowProofs(BufferPool pool, LongSupplier cpuNanos) {
    this.pool = pool;
    this.cpuNanos = cpuNanos;
  }

  /** The CPU time of the calling thread, or the time where that is not told. */
  static LongSupplier threadTime() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    return threads.isCurrentThreadCpuTimeSupported()
        ? threads::getCurrentThreadCpuTime
        : System::nanoTime;
  }

  /** What the rows of a model do in company. */
  RowVerdict verdict(
      Path modelFile, ModelConfig config, ModelInterface model, ModelSession session) {
    if (!config.isBatched()) {
      return new RowVerdict.Unproven(config.batchingObstacle());
    }
    GraphFacts facts = GraphFacts.of(modelFile);
    Optional<String> quantizer = facts.quantizesActivations();
    if (quantizer.isPresent()) {
      return new RowVerdict.Unproven(
          "%s takes one scale over all rows of a run".formatted(quantizer.get()));
    }
    RowProof proof =
        new RowProof(
            session,
            inputs(model),
            model.outputs().stream().map(port -> RowProof.Output.of(port.spec())).toList(),
            facts,
            pool,
            new RowProof.Effort(
                cpuNanos, BUDGET_NANOS, Math.min(MOST_ROWS, config.maxBatchSize())));
    return proof.prove();
  }

  /** Those that a request must have, as the model has them. */
  static List<SampleInput> inputs(ModelInterface model) {
    List<SampleInput> inputs = new ArrayList<>();
    for (Port port : model.inputs()) {
      if (!port.spec().optional()) {
        Shape shape = port.modelShape() == null ? port.spec().shape() : port.modelShape();
        inputs.add(new SampleInput(port.name(), port.spec().dataType(), shape));
      }
    }
    return inputs;
  }
}
