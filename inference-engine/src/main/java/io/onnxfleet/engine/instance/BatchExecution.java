package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.ModelInterface.Padding;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.metrics.BatchTiming;
import io.onnxfleet.engine.metrics.RequestTiming;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorRows;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs closed batches on one session: gathers the inputs, runs the model once, parts the outputs by
 * rows. A batch that fails is halved and each half is run again, so that a request which the model
 * cannot take never fails its batch mates. Belongs to its instance's thread.
 */
final class BatchExecution {
  private final TimedSession session;
  private final ModelInterface model;
  private final VersionEvents events;
  private final BufferPool pool;
  private final ShapeLadder ladder;
  private final GroupState state;

  BatchExecution(
      TimedSession session,
      ModelInterface model,
      ShapeLadder ladder,
      GroupState state,
      VersionEvents events,
      BufferPool pool) {
    this.session = session;
    this.model = model;
    this.ladder = model.isBatched() ? ladder : ShapeLadder.NONE;
    this.state = state;
    this.events = events;
    this.pool = pool;
  }

  /** Rows that are filled up are company too. */
  private ShapeLadder ladder(List<PendingPiece> batch) {
    return mayHaveCompany(batch) ? ladder : ShapeLadder.NONE;
  }

  /** False for what runs as it came: it has no company but its own. */
  private boolean mayHaveCompany(List<PendingPiece> batch) {
    RowTerms terms = state.rowTerms();
    return (terms.merged() || terms.isIndependent())
        && !batch.getFirst().bound().givesOptional(model);
  }

  /** Runs the pieces that nobody dropped; each of them has ended when this returns. */
  void execute(List<PendingPiece> batch) {
    List<PendingPiece> started = new ArrayList<>(batch.size());
    for (PendingPiece piece : batch) {
      if (piece.start()) {
        started.add(piece);
      }
    }
    if (!started.isEmpty()) {
      runInParts(started);
    }
  }

  /** As one run, or as several where one would take too much memory. */
  private void runInParts(List<PendingPiece> batch) {
    int parts = Math.max(1, state.instances());
    if (batch.size() > 1 && session.memory().isTooMuch(inputBytes(batch), parts)) {
      int half = batch.size() / 2;
      runInParts(batch.subList(0, half));
      runInParts(batch.subList(half, batch.size()));
    } else {
      run(batch);
    }
  }

  /** Of all pieces, each as long as the longest of them. */
  private static long inputBytes(List<PendingPiece> batch) {
    long length = 0;
    for (PendingPiece piece : batch) {
      length = Math.max(length, piece.bound().length());
    }
    double bytes = 0;
    for (PendingPiece piece : batch) {
      long own = 0;
      for (Tensor input : piece.bound().inputs()) {
        own += input == null ? 0 : input.byteSize();
      }
      bytes += (double) own * Math.max(1, length) / Math.max(1, piece.bound().length());
    }
    return (long) bytes;
  }

  private void run(List<PendingPiece> batch) {
    if (batch.isEmpty()) {
      return;
    }
    try {
      runOnce(batch, Dimensions.of(batch, ladder(batch)));
    } catch (Throwable failure) {
      InferenceException reason = asInferenceException(failure);
      boolean overran = reason.code() == ErrorCode.DEADLINE_EXCEEDED;
      if (!overran && runAsItIs(batch)) {
        return;
      }
      if (batch.size() > 1) {
        int half = batch.size() / 2;
        run(overran ? inTime(batch.subList(0, half), reason) : batch.subList(0, half));
        run(
            overran
                ? inTime(batch.subList(half, batch.size()), reason)
                : batch.subList(half, batch.size()));
      } else {
        batch.getFirst().failRun(reason);
      }
    }
  }

  /** Those that may still be answered in time; the others end. */
  private List<PendingPiece> inTime(List<PendingPiece> batch, InferenceException reason) {
    long now = events.now();
    List<PendingPiece> left = new ArrayList<>(batch.size());
    for (PendingPiece piece : batch) {
      if (piece.deadline().isExpired(now)) {
        piece.failRun(reason);
      } else {
        left.add(piece);
      }
    }
    return left;
  }

  /** A model may refuse the shape that it was filled up to; false if that is not what failed. */
  private boolean runAsItIs(List<PendingPiece> batch) {
    Dimensions dimensions = Dimensions.of(batch, ShapeLadder.NONE);
    if (dimensions.equals(Dimensions.of(batch, ladder(batch)))) {
      return false;
    }
    try {
      runOnce(batch, dimensions);
      return true;
    } catch (Throwable failure) {
      return false;
    }
  }

  /**
   * What a batch is run with.
   *
   * @param rows of the pieces
   * @param filled rows that are added and dropped again
   * @param length of every row
   */
  private record Dimensions(long rows, long filled, long length) {
    static Dimensions of(List<PendingPiece> batch, ShapeLadder ladder) {
      long rows = 0;
      long length = 0;
      for (PendingPiece piece : batch) {
        rows += piece.bound().rows();
        length = Math.max(length, piece.bound().length());
      }
      return new Dimensions(rows, ladder.rows(rows) - rows, ladder.length(length));
    }
  }

  private void runOnce(List<PendingPiece> batch, Dimensions dimensions) {
    long begin = events.now();
    BitSet wanted = wantedOutputs(batch);
    List<String> names = new ArrayList<>(wanted.cardinality());
    wanted.stream().forEach(output -> names.add(model.outputs().get(output).name()));

    Sentinel watching = mayHaveCompany(batch) ? state.sentinel() : null;
    List<Tensor> outputs;
    long gathered;
    Magnitudes magnitudes;
    List<NamedTensor> inputs = gather(batch, dimensions);
    try {
      magnitudes = watching == null ? null : watching.look(inputs, dimensions.rows());
      gathered = events.now();
      outputs = session.run(inputs, names);
    } finally {
      inputs.forEach(input -> input.tensor().close());
    }
    long inferred = events.now();
    List<List<Tensor>> answers;
    try {
      answers = partAll(batch, wanted, outputs, dimensions);
    } finally {
      outputs.forEach(Tensor::close);
    }
    List<Sentinel.Chosen> chosen =
        watching == null
            ? List.of()
            : watching.choose(
                new Sentinel.Run(
                    batch, answers, dimensions.rows(), dimensions.filled(), dimensions.length()),
                magnitudes);
    boolean isPlain = batch.size() == 1 && !batch.getFirst().bound().givesOptional(model);
    LiveProof proving = isPlain ? state.proof() : null;
    LiveProof.Offer offer = proving == null ? null : proving.offer(batch.getFirst().bound());
    long parted = events.now();

    tellBatch(batch, dimensions, gathered - begin, inferred - gathered, parted - inferred);
    for (int index = 0; index < batch.size(); index++) {
      PendingPiece piece = batch.get(index);
      long queued = begin - piece.accepted();
      piece.succeed(
          answers.get(index),
          new RequestTiming(
              piece.bound().rows(),
              0,
              queued,
              gathered - begin,
              inferred - gathered,
              parted - inferred));
    }
    if (watching != null) {
      chosen.forEach(watching::keep);
    }
    if (proving != null && offer != null) {
      proving.keep(offer);
    }
  }

  private void tellBatch(
      List<PendingPiece> batch, Dimensions dimensions, long input, long infer, long output) {
    long own = 0;
    for (PendingPiece piece : batch) {
      own += piece.bound().rows() * Math.max(1, piece.bound().length());
    }
    long run = (dimensions.rows() + dimensions.filled()) * Math.max(1, dimensions.length());
    events.batchExecuted(
        new BatchTiming(batch.size(), dimensions.rows(), run, run - own, input, infer, output));
  }

  private BitSet wantedOutputs(List<PendingPiece> batch) {
    BitSet wanted = new BitSet(model.outputs().size());
    for (PendingPiece piece : batch) {
      for (int output : piece.bound().outputs()) {
        wanted.set(output);
      }
    }
    return wanted;
  }

  private List<NamedTensor> gather(List<PendingPiece> batch, Dimensions dimensions) {
    List<NamedTensor> inputs = new ArrayList<>(model.inputs().size());
    try {
      for (int index = 0; index < model.inputs().size(); index++) {
        if (batch.getFirst().bound().inputs()[index] == null) {
          continue; // pieces that share a batch leave the same inputs out
        }
        String name = model.inputs().get(index).name();
        List<Tensor> parts = partsOf(batch, index);
        inputs.add(new NamedTensor(name, join(parts, name, dimensions)));
      }
      return inputs;
    } catch (Throwable failure) {
      inputs.forEach(input -> input.tensor().close());
      throw failure;
    }
  }

  /**
   * One tensor of all the rows; those that fill it up repeat the last one, which is a legal one.
   */
  private Tensor join(List<Tensor> parts, String input, Dimensions dimensions) {
    if (dimensions.filled() == 0) {
      return join(parts, input, dimensions.length());
    }
    Tensor last = parts.getLast();
    List<Tensor> split = TensorRows.part(last, new long[] {last.rows() - 1, 1});
    try {
      List<Tensor> filled = new ArrayList<>(parts);
      for (long row = 0; row < dimensions.filled(); row++) {
        filled.add(split.getLast());
      }
      return join(filled, input, dimensions.length());
    } finally {
      split.forEach(Tensor::close);
    }
  }

  private Tensor join(List<Tensor> parts, String input, long length) {
    Padding padding = model.padding();
    return padding != null && padding.inputs().contains(input)
        ? TensorRows.joinPadded(pool, parts, length, padding.side(), padding.fill(input))
        : TensorRows.join(pool, parts);
  }

  private static List<Tensor> partsOf(List<PendingPiece> batch, int index) {
    List<Tensor> parts = new ArrayList<>(batch.size());
    for (PendingPiece piece : batch) {
      Tensor input = piece.bound().inputs()[index];
      if (input != null) {
        parts.add(input);
      }
    }
    return parts;
  }

  /** For each piece its outputs in the order it asked for, all references of their own. */
  private List<List<Tensor>> partAll(
      List<PendingPiece> batch, BitSet wanted, List<Tensor> outputs, Dimensions dimensions) {
    List<@Nullable Tensor[]> byPiece = new ArrayList<>(batch.size());
    for (int index = 0; index < batch.size(); index++) {
      byPiece.add(new @Nullable Tensor[model.outputs().size()]);
    }
    try {
      int position = 0;
      for (int output = wanted.nextSetBit(0); output >= 0; output = wanted.nextSetBit(output + 1)) {
        part(
            batch,
            model.outputs().get(output),
            output,
            outputs.get(position++),
            dimensions,
            byPiece);
      }
      List<List<Tensor>> answers = new ArrayList<>(batch.size());
      for (int index = 0; index < batch.size(); index++) {
        answers.add(takeWanted(batch.get(index).bound().outputs(), byPiece.get(index)));
      }
      return answers;
    } finally {
      byPiece.forEach(BoundRequest::close);
    }
  }

  private static List<Tensor> takeWanted(int[] wanted, @Nullable Tensor[] all) {
    List<Tensor> taken = new ArrayList<>(wanted.length);
    for (int output : wanted) {
      Tensor tensor = all[output];
      if (tensor == null) {
        throw new IllegalStateException("output " + output + " was not computed");
      }
      taken.add(tensor);
      all[output] = null;
    }
    return taken;
  }

  private void part(
      List<PendingPiece> batch,
      Port port,
      int output,
      Tensor whole,
      Dimensions dimensions,
      List<@Nullable Tensor[]> byPiece) {
    long length = dimensions.length();
    if (batch.size() == 1
        && dimensions.filled() == 0
        && batch.getFirst().bound().length() == length) {
      byPiece.getFirst()[output] = shaped(port, whole.share());
      return;
    }
    long[] counts = new long[batch.size() + 1];
    for (int index = 0; index < batch.size(); index++) {
      counts[index] = batch.get(index).bound().rows();
    }
    counts[batch.size()] = dimensions.filled();
    requireRows(port, whole, counts);
    List<Tensor> parts = TensorRows.part(whole, counts);
    parts.removeLast().close();
    Padding padding = model.padding();
    for (int index = 0; index < parts.size(); index++) {
      byPiece.get(index)[output] = parts.get(index);
    }
    for (int index = 0; index < parts.size(); index++) {
      Tensor part = parts.get(index);
      long own = batch.get(index).bound().length();
      if (padding != null && padding.outputs().contains(port.name()) && own < length) {
        byPiece.get(index)[output] = TensorRows.trim(pool, part, own, padding.side());
        part.close();
      } else {
        byPiece.get(index)[output] = shaped(port, part);
      }
    }
  }

  /** The output as responses show it; takes the tensor over. */
  private Tensor shaped(Port port, Tensor tensor) {
    if (port.modelShape() == null) {
      return tensor;
    }
    try (tensor) {
      return tensor.reshape(
          Reshaping.resolve(tensor.shape(), port.spec().shape(), model.isBatched()));
    }
  }

  private static void requireRows(Port port, Tensor output, long[] counts) {
    long rows = 0;
    for (long count : counts) {
      rows += count;
    }
    Shape shape = output.shape();
    if (shape.rank() == 0 || shape.dim(0) != rows) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED,
          "output '%s': shape %s for a batch of %d rows (expected %d along its first dimension)"
              .formatted(port.name(), shape, rows, rows));
    }
  }

  private static InferenceException asInferenceException(Throwable failure) {
    if (failure instanceof InferenceException known) {
      return known;
    }
    ErrorCode code =
        failure instanceof OutOfMemoryError
            ? ErrorCode.MEMORY_EXHAUSTED
            : ErrorCode.EXECUTION_FAILED;
    return new InferenceException(code, "running the model: " + failure, failure);
  }
}
