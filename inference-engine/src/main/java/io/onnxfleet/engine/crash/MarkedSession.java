package io.onnxfleet.engine.crash;

import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.runtime.NodePlacement;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.List;

/** A session whose first runs of a shape are marked. As thread-safe as the session behind it. */
public final class MarkedSession implements ModelSession {
  private final ModelSession session;
  private final FirstRuns runs;

  public MarkedSession(ModelSession session, FirstRuns runs) {
    this.session = session;
    this.runs = runs;
  }

  @Override
  public List<Tensor> run(List<NamedTensor> inputs, List<String> outputs) {
    long shape = runs.shapeOf(inputs);
    return runs.isKnown(shape)
        ? session.run(inputs, outputs)
        : runs.first(shape, inputs, outputs, () -> session.run(inputs, outputs));
  }

  @Override
  public ModelSignature signature() {
    return session.signature();
  }

  @Override
  public ExecutionProvider executionProvider() {
    return session.executionProvider();
  }

  @Override
  public List<String> providerNotes() {
    return session.providerNotes();
  }

  @Override
  public NodePlacement nodePlacement() {
    return session.nodePlacement();
  }

  @Override
  public void terminate() {
    session.terminate();
  }

  @Override
  public void close() {
    session.close();
  }
}
