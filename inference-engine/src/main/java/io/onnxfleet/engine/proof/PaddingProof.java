package io.onnxfleet.engine.proof;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.proof.PaddingVerdict.Kind;
import io.onnxfleet.engine.proof.PaddingVerdict.Outcome;
import io.onnxfleet.engine.proof.RowProof.Output;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.PaddingSide;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows by experiment whether a model answers a row that was filled up to a greater length as it
 * answers the row at its own, for each side by itself.
 *
 * <ul>
 *   <li>Rows of several lengths are run alone, filled up a little and a lot, and beside a much
 *       longer row; whole ones and such that mask a part of themselves.
 *   <li>Every output is compared by type, full shape and value. One that grew by as much as the row
 *       is cut back first.
 *   <li>What sizes of an output follow from is found out by the runs, not from names.
 * </ul>
 *
 * <p>It runs the session on the thread that asks. Not thread-safe; lives for one proof.
 */
public final class PaddingProof {
  /** Verdicts of another version are not believed. */
  public static final int VERSION = 1;

  /** A row's length, and what it is filled up to. */
  private record Lengths(long own, long filled) {}

  /**
   * Some models take only short rows: those that a model refuses are left out, but the first two
   * that it takes are tried whatever they cost.
   */
  private static final List<Lengths> LENGTHS =
      List.of(new Lengths(5, 6), new Lengths(2, 40), new Lengths(1, 8), new Lengths(3, 16));

  private static final int FEWEST_LENGTHS = 2;

  /** Size of other dimensions that are free. */
  private static final long FREE_SIZE = 8;

  private static final long SEED = 20_250_101;

  /** Differences up to that, as a multiple of the tolerance, may be a kernel's rounding. */
  private static final double ROUNDING = 10;

  /** Rows by which masks and ids differ; the first is whole. */
  private static final int ROWS = 3;

  private static final Set<DataType> INTEGERS =
      EnumSet.of(DataType.INT64, DataType.INT32, DataType.INT16, DataType.INT8, DataType.UINT8);

  private final ModelSession session;
  private final List<SampleInput> inputs;
  private final List<Output> outputs;
  private final List<String> outputNames;
  private final Candidate candidate;
  private final GraphFacts facts;
  private final SampleRows samples;
  private final BufferPool pool;
  private final LongSupplier cpuNanos;
  private final long budgetNanos;
  private String refusal = "";

  /** Of the outputs, whether they are as long as the row; found out by the first that is longer. */
  private final Map<String, Boolean> followsLength = new TreeMap<>();

  /**
   * What might be filled up.
   *
   * @param inputs names of those that are as long as the row
   * @param mask the one of them whose zeros mark what was added
   * @param fills by name, what integer inputs are filled up with; 0 for those that are not named
   */
  public record Candidate(List<String> inputs, String mask, Map<String, Long> fills) {
    public Candidate {
      inputs = List.copyOf(inputs);
      fills = Map.copyOf(fills);
    }

    long fill(String input) {
      return fills.getOrDefault(input, 0L);
    }
  }

  /**
   * A proof over one session.
   *
   * @param inputs those that a request must have, as the model has them
   * @param cpuNanos the CPU time of whoever runs the model
   * @param budgetNanos of it for all that is not essential
   */
  public PaddingProof(
      ModelSession session,
      List<SampleInput> inputs,
      List<Output> outputs,
      Candidate candidate,
      GraphFacts facts,
      BufferPool pool,
      LongSupplier cpuNanos,
      long budgetNanos) {
    this.session = session;
    this.inputs = List.copyOf(inputs);
    this.outputs = List.copyOf(outputs);
    this.outputNames = outputs.stream().map(Output::name).toList();
    this.candidate = candidate;
    this.facts = facts;
    this.samples = new SampleRows(pool, facts, SEED);
    this.pool = pool;
    this.cpuNanos = cpuNanos;
    this.budgetNanos = budgetNanos;
  }

  /** Thrown to leave an experiment as soon as its outcome is clear. */
  private static final class Ended extends Exception {
    private static final long serialVersionUID = 1;

    private final transient Outcome outcome;

    Ended(Kind kind, String reason) {
      super(null, null, false, false);
      this.outcome = new Outcome(kind, reason);
    }
  }

  /**
   * A row that was run alone, and what came of it.
   *
   * @param largest magnitude of each output
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Alone(List<NamedTensor> inputs, List<Tensor> outputs, double[] largest) {
    void close() {
      closeInputs(inputs);
      outputs.forEach(Tensor::close);
    }
  }

  /** Tries both sides. */
  public PaddingVerdict prove() {
    EnumMap<PaddingSide, Outcome> outcomes = new EnumMap<>(PaddingSide.class);
    long begin = cpuNanos.getAsLong();
    int ran = 0;
    for (Lengths lengths : LENGTHS) {
      boolean mayStop = ran >= FEWEST_LENGTHS && cpuNanos.getAsLong() - begin > budgetNanos;
      if (!mayStop && outcomes.size() < PaddingSide.values().length) {
        ran += experiment(lengths, outcomes) ? 1 : 0;
      }
    }
    for (PaddingSide side : PaddingSide.values()) {
      outcomes.putIfAbsent(
          side,
          ran < FEWEST_LENGTHS
              ? new Outcome(Kind.UNPROVEN, "the model refuses made-up rows (" + refusal + ")")
              : new Outcome(
                  Kind.PROVEN,
                  "rows that were filled up on the %s were answered as they are alone"
                      .formatted(name(side))));
    }
    return new PaddingVerdict(
        outcomes,
        followsLength.entrySet().stream()
            .filter(Map.Entry::getValue)
            .map(Map.Entry::getKey)
            .toList());
  }

  private static String name(PaddingSide side) {
    return switch (side) {
      case LEFT -> "left";
      case RIGHT -> "right";
    };
  }

  /** False if the model takes no rows of such lengths; an outcome is put in once it is clear. */
  private boolean experiment(Lengths lengths, Map<PaddingSide, Outcome> outcomes) {
    List<Alone> rows = new ArrayList<>();
    try {
      // Rows of the greater length that are refused say nothing about those that are filled up.
      for (int row = 0; row <= ROWS; row++) {
        Alone alone = alone(row, row < ROWS ? lengths.own() : lengths.filled());
        if (alone == null) {
          return false;
        }
        rows.add(alone);
      }
      for (PaddingSide side : PaddingSide.values()) {
        if (!outcomes.containsKey(side)) {
          try {
            compare(side, lengths, rows.subList(0, 1));
            compare(side, lengths, rows.reversed());
          } catch (Ended ended) {
            outcomes.put(side, ended.outcome);
          }
        }
      }
      return true;
    } finally {
      rows.forEach(Alone::close);
    }
  }

  /** A row at its own length; null if the model refuses it. */
  private @Nullable Alone alone(int row, long length) {
    List<NamedTensor> made = make(row, length);
    try {
      List<Tensor> answers = session.run(made, outputNames);
      double[] largest = new double[answers.size()];
      for (int output = 0; output < largest.length; output++) {
        largest[output] = TensorComparison.largestMagnitude(answers.get(output));
      }
      return new Alone(made, answers, largest);
    } catch (InferenceException refused) {
      refusal = refusal.isEmpty() ? firstLine(refused) : refusal;
      closeInputs(made);
      return null;
    }
  }

  private List<NamedTensor> make(int row, long length) {
    List<NamedTensor> made = new ArrayList<>(inputs.size());
    try {
      for (SampleInput input : inputs) {
        boolean filled = candidate.inputs().contains(input.name());
        Shape shape = filled ? input.shape().with(1, length) : input.shape();
        made.add(
            new NamedTensor(
                input.name(),
                samples.row(
                    new SampleInput(input.name(), input.dataType(), shape),
                    SampleRows.Kind.NORMAL,
                    SampleRows.Range.SMALL,
                    row,
                    FREE_SIZE)));
      }
      return made;
    } catch (RuntimeException | Error failure) {
      closeInputs(made);
      throw failure;
    }
  }

  private void compare(PaddingSide side, Lengths lengths, List<Alone> rows) throws Ended {
    List<Tensor> answers = filledUp(side, lengths, rows, false);
    try {
      for (int output = 0; output < outputs.size(); output++) {
        compare(side, lengths, rows, output, answers.get(output));
      }
    } finally {
      answers.forEach(Tensor::close);
    }
  }

  /** The answers to rows that are filled up, ids with what is usual or with another element. */
  private List<Tensor> filledUp(
      PaddingSide side, Lengths lengths, List<Alone> rows, boolean otherElement) throws Ended {
    List<NamedTensor> joined = new ArrayList<>(inputs.size());
    try {
      for (int input = 0; input < inputs.size(); input++) {
        String name = inputs.get(input).name();
        List<Tensor> parts = new ArrayList<>(rows.size());
        for (Alone row : rows) {
          parts.add(row.inputs().get(input).tensor());
        }
        boolean isMask = name.equals(candidate.mask());
        boolean integer = INTEGERS.contains(inputs.get(input).dataType());
        long fill = isMask || !integer ? 0 : otherElement ? other(name) : candidate.fill(name);
        joined.add(
            new NamedTensor(
                name,
                candidate.inputs().contains(name)
                    ? TensorRows.joinPadded(pool, parts, lengths.filled(), side, fill)
                    : TensorRows.join(pool, parts)));
      }
      return session.run(joined, outputNames);
    } catch (InferenceException refused) {
      throw new Ended(
          Kind.UNPROVEN,
          "a row of length %d is refused once it is filled up to %d (%s)"
              .formatted(lengths.own(), lengths.filled(), firstLine(refused)));
    } finally {
      closeInputs(joined);
    }
  }

  /** Another element that the model may look up. */
  private long other(String input) {
    long usual = candidate.fill(input);
    long size = facts.tableSize(input).orElse(0);
    return usual > 0 ? usual - 1 : size > 1 ? 1 : 0;
  }

  private void compare(
      PaddingSide side, Lengths lengths, List<Alone> rows, int output, Tensor whole) throws Ended {
    String name = outputNames.get(output);
    if (whole.shape().rank() == 0 || whole.rows() != rows.size()) {
      throw new Ended(
          Kind.UNPROVEN,
          "output '%s' of %d rows has shape %s (expected as many rows)"
              .formatted(name, rows.size(), whole.shape()));
    }
    long[] counts = new long[rows.size()];
    Arrays.fill(counts, 1);
    List<Tensor> parts = TensorRows.part(whole, counts);
    try {
      for (int row = 0; row < rows.size(); row++) {
        compare(side, lengths, rows, row, output, parts.get(row));
      }
    } finally {
      parts.forEach(Tensor::close);
    }
  }

  private void compare(
      PaddingSide side, Lengths lengths, List<Alone> rows, int row, int output, Tensor answer)
      throws Ended {
    Tensor alone = rows.get(row).outputs().get(output);
    try (Tensor cut = cutBack(side, lengths, output, alone, answer)) {
      String difference = difference(rows, output, alone, cut, 1);
      if (difference != null && !isRounding(side, lengths, rows, row, output, alone, cut)) {
        throw new Ended(
            Kind.REFUTED,
            "output '%s' of a row of length %d, filled up on the %s to %d, is not that of the row alone: %s"
                .formatted(
                    outputNames.get(output),
                    rows.get(row).inputs().stream()
                        .filter(input -> input.name().equals(candidate.mask()))
                        .mapToLong(input -> input.tensor().shape().dim(1))
                        .findFirst()
                        .orElse(lengths.own()),
                    name(side),
                    lengths.filled(),
                    difference));
      }
    }
  }

  /** An answer without what it grew by; a reference of its own. */
  private Tensor cutBack(PaddingSide side, Lengths lengths, int output, Tensor alone, Tensor answer)
      throws Ended {
    String name = outputNames.get(output);
    Shape own = alone.shape();
    Shape filled = answer.shape();
    boolean sameRank = own.rank() == filled.rank() && own.rank() > 1;
    boolean isLonger = sameRank && filled.dim(1) == lengths.filled() && own.dim(1) < filled.dim(1);
    if (isLonger && own.equals(filled.with(1, own.dim(1))) && follows(name, true)) {
      return TensorRows.trim(pool, answer, own.dim(1), side);
    }
    if (own.equals(filled)) {
      boolean isWhole = sameRank && own.dim(1) == lengths.filled();
      if (isWhole || follows(name, false)) {
        return answer.share();
      }
    }
    throw new Ended(
        Kind.REFUTED,
        "the length of a row does not explain the size of output '%s': %s at length %d, %s once it is filled up to %d"
            .formatted(name, own, lengths.own(), filled, lengths.filled()));
  }

  /** False if the output was seen to behave in the other way. */
  private boolean follows(String output, boolean now) {
    Boolean before = followsLength.putIfAbsent(output, now);
    return before == null || before == now;
  }

  private @Nullable String difference(
      List<Alone> rows, int output, Tensor alone, Tensor answer, double factor) {
    Tolerance tolerance =
        Tolerance.of(
            outputNames.get(output),
            outputs.get(output).maps() ? DataType.FP32 : alone.dataType(),
            facts);
    double largest = 0;
    for (Alone other : rows) {
      largest = Math.max(largest, other.largest()[output]);
    }
    return TensorComparison.difference(
        alone,
        answer,
        outputs.get(output).maps(),
        new Tolerance(factor * tolerance.relative(), tolerance.absolute()),
        largest);
  }

  /**
   * True if a small difference comes of the greater length, not of what stands there: kernels add
   * up in another order. The row is answered to the bit as before if it is filled up with other
   * ids.
   */
  private boolean isRounding(
      PaddingSide side,
      Lengths lengths,
      List<Alone> rows,
      int row,
      int output,
      Tensor alone,
      Tensor answer)
      throws Ended {
    if (difference(rows, output, alone, answer, ROUNDING) != null) {
      return false;
    }
    List<Tensor> others = filledUp(side, lengths, rows, true);
    long[] counts = new long[rows.size()];
    Arrays.fill(counts, 1);
    try {
      List<Tensor> parts = TensorRows.part(others.get(output), counts);
      try (Tensor cut = cutBack(side, lengths, output, alone, parts.get(row))) {
        return TensorComparison.difference(
                answer, cut, outputs.get(output).maps(), Tolerance.EXACT, 0)
            == null;
      } finally {
        parts.forEach(Tensor::close);
      }
    } finally {
      others.forEach(Tensor::close);
    }
  }

  private static String firstLine(InferenceException refused) {
    String message = String.valueOf(refused.getMessage());
    int end = message.indexOf('\n');
    String line = end < 0 ? message : message.substring(0, end);
    return line.length() > 200 ? line.substring(0, 200) + "..." : line;
  }

  private static void closeInputs(List<NamedTensor> inputs) {
    inputs.forEach(input -> input.tensor().close());
  }
}
