package io.onnxfleet.engine.proof;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.proof.SampleRows.Kind;
import io.onnxfleet.engine.proof.SampleRows.Range;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorRows;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Shows by experiment whether a model answers each row as if it had been asked for that row alone.
 *
 * <ul>
 *   <li>Rows are run alone, and then 2, 3 and 5 of them together, in other orders and places. Every
 *       output is compared by type, full shape and value.
 *   <li>It is never shortened below that. Rows of uneven magnitude, a second size of the free
 *       dimensions, further kinds of data and {@code mostRows} rows together follow as far as the
 *       budget of CPU time goes.
 *   <li>Free dimensions take growing sizes, and integers other ranges, until the model takes them.
 *   <li>An output whose size the sizes of the inputs do not explain proves nothing.
 * </ul>
 *
 * <p>It runs the model on the thread that asks. Not thread-safe; lives for one proof.
 */
public final class RowProof {
  /** Verdicts of another version are not believed. */
  public static final int VERSION = 3;

  /** Sizes that free dimensions take until a run succeeds. */
  private static final long[] FREE_SIZES = {1, 2, 8, 32, 64, 224, 256};

  /** Rows may be told apart better where the free dimensions are at least that large. */
  private static final long TELLING_SIZE = 8;

  /** Models may look at sizes too: one that callers may well send. */
  private static final long LARGE_SIZE = 40;

  private static final long SEED = 20_240_229;

  /** The runs together, by which rows they are made of. */
  private static final int[][] TOGETHER = {{1, 0}, {0, 2, 4}, {4, 3, 2, 1, 0}};

  /** The same with fewer rows that have to be run alone, for models that take long. */
  private static final int[][] TOGETHER_FEW = {{1, 0}, {2, 0, 1}, {0, 1, 2, 1, 0}};

  /** Differences up to that, as a multiple of the tolerance, may be a kernel's rounding. */
  private static final double ROUNDING = 10;

  /**
   * An output's tolerance is that of its largest value. A difference that is this many times the
   * tolerance of the element itself is looked into.
   */
  private static final double HIDDEN = 100;

  /** Experiments for outputs that were the same for all rows before. */
  private static final int MOST_ATTEMPTS = 20;

  /** Rows that an experiment runs: alone, one of them once more, and together. */
  private static final int ROWS_OF_EXPERIMENT = 16;

  /** Where those would take longer, nothing is proven. */
  private static final long LONGEST_NANOS = 20_000_000_000L;

  private final Runs runs;
  private final List<List<SampleInput>> candidates;
  private final List<Output> outputs;
  private final List<String> outputNames;
  private final BufferPool pool;
  private final LongSupplier cpuNanos;
  private final long budgetNanos;
  private final int mostRows;
  private final GraphFacts facts;

  /**
   * Of each output, whether rows were answered differently: what is always the same shows nothing.
   */
  private final boolean[] isUnlike;

  private SampleRows samples;
  private List<SampleInput> inputs = List.of();
  private double nanosPerRow;

  /** Runs of one session. */
  @FunctionalInterface
  public interface Runs {
    /** As {@link io.onnxfleet.engine.runtime.ModelSession#run}. */
    List<Tensor> run(List<NamedTensor> inputs, List<String> outputs);
  }

  /**
   * One output.
   *
   * @param maps true if its elements are maps
   */
  public record Output(String name, boolean maps) {
    public static Output of(TensorSpec spec) {
      return new Output(spec.name(), spec.form() == TensorSpec.Form.MAPS);
    }
  }

  /**
   * What is made up and how far it goes.
   *
   * @param cpuNanos the CPU time of whoever runs the model
   * @param budgetNanos of CPU time for all that is not essential
   * @param mostRows the rows of the largest batch that is to be formed
   */
  public record Effort(LongSupplier cpuNanos, long budgetNanos, int mostRows) {}

  /**
   * A proof over the runs of one session.
   *
   * @param candidates inputs that a request must have, as the model has them; the first that the
   *     model takes are made up
   */
  public RowProof(
      Runs runs,
      List<List<SampleInput>> candidates,
      List<Output> outputs,
      GraphFacts facts,
      BufferPool pool,
      Effort effort) {
    this.runs = runs;
    this.candidates = List.copyOf(candidates);
    this.outputs = List.copyOf(outputs);
    this.outputNames = outputs.stream().map(Output::name).toList();
    this.isUnlike = new boolean[outputs.size()];
    this.facts = facts;
    this.samples = new SampleRows(pool, facts, SEED);
    this.pool = pool;
    this.cpuNanos = effort.cpuNanos();
    this.budgetNanos = effort.budgetNanos();
    this.mostRows = effort.mostRows();
  }

  /** Thrown to leave an experiment as soon as its outcome is clear. */
  private static final class Ended extends Exception {
    private static final long serialVersionUID = 1;

    private final transient RowVerdict verdict;

    Ended(RowVerdict verdict) {
      super(null, null, false, false);
      this.verdict = verdict;
    }
  }

  /** How rows are made up. */
  private record Recipe(Kind kind, Range range, long freeSize) {
    Recipe with(Kind other) {
      return new Recipe(other, range, freeSize);
    }

    Recipe with(long size) {
      return new Recipe(kind, range, size);
    }
  }

  /** A row that was run alone, and what came of it. */
  private record Alone(List<NamedTensor> inputs, List<Tensor> outputs) {
    void close() {
      inputs.forEach(input -> input.tensor().close());
      outputs.forEach(Tensor::close);
    }
  }

  /** Tries made-up rows. */
  public RowVerdict prove() {
    Optional<String> random = facts.random();
    if (random.isPresent()) {
      return notDeterministic("it draws at random (%s)".formatted(random.get()));
    }
    long begin = cpuNanos.getAsLong();
    try {
      Recipe recipe = experimentThatRuns();
      List<Integer> counts = new ArrayList<>(List.of(2, 3, 5));
      tryFurther(recipe, begin, counts);
      seekUnlike(recipe, begin);
      requireUnlike("made-up rows");
      return proven("rows", counts);
    } catch (Ended ended) {
      return ended.verdict;
    } catch (InferenceException failure) {
      return new RowVerdict.Unproven(
          "a run that went well before failed (%s)".formatted(firstLine(failure)));
    }
  }

  /**
   * Compares rows that callers sent. What every row is answered alike shows nothing.
   *
   * @param rows at least five, distinct and of one shape, each with its inputs in the order of the
   *     model's; they stay the caller's
   */
  public RowVerdict prove(List<List<NamedTensor>> rows) {
    if (rows.size() < SampleRows.ROWS) {
      throw new IllegalArgumentException(
          "%d rows (expected: >= %d)".formatted(rows.size(), SampleRows.ROWS));
    }
    List<Alone> alone = new ArrayList<>();
    try {
      for (List<NamedTensor> row : rows) {
        List<NamedTensor> shared = new ArrayList<>();
        row.forEach(input -> shared.add(new NamedTensor(input.name(), input.tensor().share())));
        alone.add(runAlone(shared));
      }
      requireDeterministic(alone.getFirst());
      double[] largest = checkAlone(alone);
      List<int[]> together = new ArrayList<>(List.of(TOGETHER));
      if (rows.size() > SampleRows.ROWS) {
        together.add(IntStream.range(0, rows.size()).map(row -> rows.size() - 1 - row).toArray());
      }
      for (int[] chosen : together) {
        compareTogether(alone, chosen, largest, Kind.NORMAL);
      }
      notice(alone, largest);
      requireUnlike("%d rows of requests".formatted(alone.size()));
      return proven("rows of requests", together.stream().map(chosen -> chosen.length).toList());
    } catch (InferenceException failure) {
      return new RowVerdict.Unproven(
          "a run of rows of requests failed (%s)".formatted(firstLine(failure)), true);
    } catch (Ended ended) {
      return ended.verdict;
    } finally {
      alone.forEach(Alone::close);
    }
  }

  /** Answers that are the same whatever is asked would not show it if they were mixed up. */
  private void requireUnlike(String rows) throws Ended {
    for (int output = 0; output < outputs.size(); output++) {
      if (!isUnlike[output]) {
        throw new Ended(
            new RowVerdict.Unproven(
                "output '%s' is the same for all %s".formatted(outputs.get(output).name(), rows),
                true));
      }
    }
  }

  /** Which outputs tell these rows apart. */
  private void notice(List<Alone> alone, double[] largest) {
    for (int output = 0; output < outputs.size(); output++) {
      Tensor first = alone.getFirst().outputs().get(output);
      Tolerance tolerance = tolerance(output, first);
      Tolerance wide = new Tolerance(ROUNDING * tolerance.relative(), tolerance.absolute());
      for (Alone row : alone) {
        isUnlike[output] |=
            TensorComparison.difference(
                    first,
                    row.outputs().get(output),
                    outputs.get(output).maps(),
                    wide,
                    largest[output])
                != null;
      }
    }
  }

  private static RowVerdict proven(String rows, List<Integer> counts) {
    StringBuilder list = new StringBuilder();
    for (int index = 0; index < counts.size(); index++) {
      list.append(index == 0 ? "" : index == counts.size() - 1 ? " and " : ", ")
          .append(counts.get(index));
    }
    return new RowVerdict.Proven(
        "%s were answered alike alone and in company (%s rows)".formatted(rows, list));
  }

  private static RowVerdict notDeterministic(String why) {
    return new RowVerdict.Unproven("not deterministic: " + why);
  }

  private void tryFurther(Recipe recipe, long begin, List<Integer> counts) throws Ended {
    List<Recipe> further = new ArrayList<>();
    further.add(recipe.with(Kind.UNEVEN));
    boolean free = inputs.stream().anyMatch(SampleInput::isFree);
    if (free && recipe.freeSize() < TELLING_SIZE) {
      further.add(recipe.with(TELLING_SIZE));
    }
    further.add(recipe.with(Kind.POSITIVE));
    further.add(recipe.with(Kind.UNIT));
    if (inputs.stream().anyMatch(samples::dependsOnRange)) {
      further.add(new Recipe(Kind.UNEVEN, Range.BINARY, recipe.freeSize()));
      further.add(new Recipe(Kind.UNEVEN, Range.LARGE, recipe.freeSize()));
    }
    boolean masked = inputs.stream().anyMatch(SampleRows::isMask);
    if (masked) {
      further.add(recipe.with(Kind.ANY_MASK));
    }
    if (!facts.sortsOrRepeats()) {
      further.add(new Recipe(Kind.EXTREME, Range.EXTREME, recipe.freeSize()));
      if (inputs.stream().anyMatch(SampleRows::isFloat)) {
        further.add(recipe.with(Kind.NOT_FINITE));
      }
    }
    for (Recipe other : further) {
      if (isAffordable(begin, ROWS_OF_EXPERIMENT)) {
        tryExperiment(other, TOGETHER);
      }
    }
    if (free && recipe.freeSize() < LARGE_SIZE) {
      double growth = (double) LARGE_SIZE / recipe.freeSize();
      int axes = inputs.stream().mapToInt(SampleInput::freeAxes).max().orElse(0);
      int rows = (int) (ROWS_OF_EXPERIMENT * Math.pow(growth, axes));
      if (isAffordable(begin, rows)) {
        tryExperiment(recipe.with(LARGE_SIZE), TOGETHER);
      }
    }
    if (mostRows > SampleRows.ROWS && isAffordable(begin, ROWS_OF_EXPERIMENT + 2 * mostRows)) {
      int[] many = new int[mostRows];
      for (int index = 0; index < mostRows; index++) {
        many[index] = (3 * index + index / SampleRows.ROWS) % SampleRows.ROWS;
      }
      tryExperiment(recipe, new int[][] {many});
      counts.add(mostRows);
    }
  }

  /** Other data, until each output has told rows apart. */
  private void seekUnlike(Recipe recipe, long begin) throws Ended {
    Kind[] kinds = {Kind.WIDE, Kind.NORMAL, Kind.UNEVEN, Kind.UNIT, Kind.POSITIVE};
    for (int attempt = 0; attempt < MOST_ATTEMPTS && !isUnlikeThroughout(); attempt++) {
      if (!isAffordable(begin, ROWS_OF_EXPERIMENT)) {
        return;
      }
      samples = new SampleRows(pool, facts, SEED + 1 + attempt);
      tryExperiment(recipe.with(kinds[attempt % kinds.length]), TOGETHER);
    }
  }

  private boolean isUnlikeThroughout() {
    for (boolean unlike : isUnlike) {
      if (!unlike) {
        return false;
      }
    }
    return true;
  }

  private boolean isAffordable(long begin, int rows) {
    return cpuNanos.getAsLong() - begin + rows * nanosPerRow < budgetNanos;
  }

  /** Finds by trial what the model takes, and does the experiment with it. */
  private Recipe experimentThatRuns() throws Ended {
    String refusal = "";
    for (List<SampleInput> candidate : candidates) {
      inputs = candidate;
      Attempt attempt = experimentThatRuns(refusal);
      if (attempt.recipe() != null) {
        return attempt.recipe();
      }
      refusal = attempt.refusal();
    }
    throw new Ended(
        new RowVerdict.Unproven("the model refuses made-up inputs (" + refusal + ")", true));
  }

  /**
   * What came of one set of inputs.
   *
   * @param refusal the first, if there was none before
   */
  private record Attempt(@Nullable Recipe recipe, String refusal) {}

  private Attempt experimentThatRuns(String before) throws Ended {
    boolean free = inputs.stream().anyMatch(SampleInput::isFree);
    boolean ranged = inputs.stream().anyMatch(samples::dependsOnRange);
    String refusal = before;
    for (long size : free ? FREE_SIZES : new long[] {1}) {
      for (Range range : ranged ? Range.USUAL : List.of(Range.SIGNED)) {
        Recipe recipe = new Recipe(Kind.NORMAL, range, size);
        String why = refusal(recipe);
        if (why == null) {
          try {
            boolean isShort = nanosPerRow * ROWS_OF_EXPERIMENT < budgetNanos;
            experiment(recipe, isShort ? TOGETHER : TOGETHER_FEW);
            return new Attempt(recipe, refusal);
          } catch (Ended ended) {
            why = unlessRefused(ended);
          }
        }
        refusal = refusal.isEmpty() ? why : refusal;
      }
    }
    return new Attempt(null, refusal);
  }

  /** Why a row of that kind is refused, or null if all are taken. */
  private @Nullable String refusal(Recipe recipe) throws Ended {
    for (int row = 0; row < SampleRows.ROWS; row++) {
      List<NamedTensor> made = null;
      try {
        made = make(recipe, row);
        long begin = cpuNanos.getAsLong();
        run(made).forEach(Tensor::close);
        if (row == 1) {
          // The first run sets things up.
          requireShort(cpuNanos.getAsLong() - begin);
          return null;
        }
      } catch (InferenceException refused) {
        return firstLine(refused);
      } finally {
        if (made != null) {
          made.forEach(input -> input.tensor().close());
        }
      }
    }
    return null;
  }

  private void requireShort(long nanos) throws Ended {
    if (nanos > LONGEST_NANOS / ROWS_OF_EXPERIMENT) {
      throw new Ended(
          new RowVerdict.Unproven(
              "a row takes %d ms, which is too long to run many of them before it serves"
                  .formatted(nanos / 1_000_000),
              true));
    }
    nanosPerRow = nanos;
  }

  private static String firstLine(InferenceException refused) {
    String message = String.valueOf(refused.getMessage());
    int end = message.indexOf('\n');
    String line = end < 0 ? message : message.substring(0, end);
    return line.length() > 200 ? line.substring(0, 200) + "..." : line;
  }

  private void tryExperiment(Recipe recipe, int[][] together) throws Ended {
    try {
      experiment(recipe, together);
    } catch (Ended ended) {
      // That it does not take such data says nothing about what it does take.
      String _ = unlessRefused(ended);
    }
  }

  /** Why data is refused; any other end is one of the proof. */
  private static String unlessRefused(Ended ended) throws Ended {
    if (ended.verdict instanceof RowVerdict.Unproven unproven && unproven.wantsInputs()) {
      return unproven.reason();
    }
    throw ended;
  }

  private void experiment(Recipe recipe, int[][] together) throws Ended {
    List<Alone> alone = new ArrayList<>();
    try {
      int distinct = 1 + Arrays.stream(together).flatMapToInt(Arrays::stream).max().orElse(0);
      for (int row = 0; row < distinct; row++) {
        alone.add(runAlone(make(recipe, row)));
      }
      requireDeterministic(alone.getFirst());
      double[] largest = checkAlone(alone);
      for (int[] rows : together) {
        compareTogether(alone, rows, largest, recipe.kind());
      }
      if (recipe.kind() != Kind.NOT_FINITE) {
        notice(alone, largest);
      }
    } finally {
      alone.forEach(Alone::close);
    }
  }

  private Alone runAlone(List<NamedTensor> row) throws Ended {
    try {
      return new Alone(row, run(row));
    } catch (InferenceException refused) {
      row.forEach(input -> input.tensor().close());
      throw new Ended(new RowVerdict.Unproven(firstLine(refused), true));
    }
  }

  private List<NamedTensor> make(Recipe recipe, int row) {
    List<NamedTensor> made = new ArrayList<>(inputs.size());
    try {
      for (SampleInput input : inputs) {
        made.add(
            new NamedTensor(
                input.name(),
                samples.row(input, recipe.kind(), recipe.range(), row, recipe.freeSize())));
      }
      return made;
    } catch (RuntimeException | Error failure) {
      made.forEach(input -> input.tensor().close());
      throw failure;
    }
  }

  private List<Tensor> run(List<NamedTensor> row) {
    return runs.run(row, outputNames);
  }

  private void requireDeterministic(Alone row) throws Ended {
    List<Tensor> again = run(row.inputs());
    try {
      for (int output = 0; output < outputs.size(); output++) {
        Tensor first = row.outputs().get(output);
        String difference =
            TensorComparison.difference(
                first,
                again.get(output),
                outputs.get(output).maps(),
                tolerance(output, first),
                TensorComparison.largestMagnitude(first));
        if (difference != null) {
          throw new Ended(
              notDeterministic(
                  "output '%s' of one row, run alone twice, %s"
                      .formatted(
                          outputs.get(output).name(), difference.replace("alone", "before"))));
        }
      }
    } finally {
      again.forEach(Tensor::close);
    }
  }

  /** The largest magnitude of each output, whose size must follow from the inputs' alone. */
  private double[] checkAlone(List<Alone> alone) throws Ended {
    double[] largest = new double[outputs.size()];
    for (int output = 0; output < outputs.size(); output++) {
      Shape first = alone.getFirst().outputs().get(output).shape();
      for (Alone row : alone) {
        Tensor tensor = row.outputs().get(output);
        Shape shape = tensor.shape();
        if (shape.rank() == 0 || (shape.dim(0) != 1 && shape.equals(first))) {
          throw new Ended(
              new RowVerdict.Unproven(
                  "output '%s' of one row has shape %s (expected 1 along its first dimension)"
                      .formatted(outputs.get(output).name(), shape)));
        }
        if (!shape.equals(first)) {
          throw new Ended(
              new RowVerdict.Unproven(
                  "the sizes of the inputs do not explain those of output '%s': %s and %s"
                      .formatted(outputs.get(output).name(), first, shape)));
        }
        largest[output] = Math.max(largest[output], TensorComparison.largestMagnitude(tensor));
      }
    }
    return largest;
  }

  private Tolerance tolerance(int output, Tensor tensor) {
    return outputs.get(output).maps()
        ? Tolerance.of(outputs.get(output).name(), DataType.FP32, facts)
        : Tolerance.of(outputs.get(output).name(), tensor.dataType(), facts);
  }

  private void compareTogether(List<Alone> alone, int[] rows, double[] largest, Kind kind)
      throws Ended {
    List<Tensor> answers;
    try {
      answers = runTogether(alone, rows);
    } catch (InferenceException refused) {
      boolean isMemory = refused.code() == ErrorCode.MEMORY_EXHAUSTED;
      throw new Ended(
          new RowVerdict.Unproven(
              "%d rows together are refused, though each alone is not (%s)"
                  .formatted(rows.length, firstLine(refused)),
              isMemory && rows.length > SampleRows.ROWS));
    }
    try {
      for (int output = 0; output < outputs.size(); output++) {
        compare(alone, rows, output, answers.get(output), largest[output], kind);
      }
    } finally {
      answers.forEach(Tensor::close);
    }
  }

  private List<Tensor> runTogether(List<Alone> alone, int[] rows) {
    List<NamedTensor> joined = new ArrayList<>();
    try {
      for (int input = 0; input < alone.getFirst().inputs().size(); input++) {
        List<Tensor> parts = new ArrayList<>(rows.length);
        for (int row : rows) {
          parts.add(alone.get(row).inputs().get(input).tensor());
        }
        joined.add(
            new NamedTensor(
                alone.getFirst().inputs().get(input).name(), TensorRows.join(pool, parts)));
      }
      return run(joined);
    } finally {
      joined.forEach(input -> input.tensor().close());
    }
  }

  private void compare(
      List<Alone> alone, int[] rows, int output, Tensor answer, double largest, Kind kind)
      throws Ended {
    String name = outputs.get(output).name();
    Shape together = answer.shape();
    Shape one = alone.getFirst().outputs().get(output).shape();
    Shape expected = one.with(0, rows.length);
    if (!together.equals(expected)) {
      throw new Ended(
          new RowVerdict.Refuted(
              name, rows.length, together, expected, "so its sizes follow the company"));
    }
    long[] counts = new long[rows.length];
    Arrays.fill(counts, 1);
    List<Tensor> parts = TensorRows.part(answer, counts);
    try {
      boolean looked = rows.length > SampleRows.ROWS;
      for (int index = 0; index < rows.length; index++) {
        if (kind == Kind.NOT_FINITE && !SampleRows.isFinite(rows[index])) {
          continue; // kernels treat what is no number in one way or another
        }
        Tensor expectedRow = alone.get(rows[index]).outputs().get(output);
        String difference =
            TensorComparison.difference(
                expectedRow,
                parts.get(index),
                outputs.get(output).maps(),
                tolerance(output, expectedRow),
                largest);
        String hidden = null;
        if (difference == null && !looked) {
          hidden = hidden(alone, output, expectedRow, parts.get(index));
          looked = hidden != null;
        }
        String found = difference == null ? hidden : difference;
        if (found != null
            && !isRounding(alone, rows, index, output, parts.get(index), largest, kind)) {
          throw new Ended(new RowVerdict.Refuted(name, rows.length, together, expected, found));
        }
      }
    } finally {
      parts.forEach(Tensor::close);
    }
  }

  /**
   * A difference that is small for the output and large for its element, or null: scores beside
   * positions, say. It is not held against a model that answers alike in any other company.
   */
  private @Nullable String hidden(List<Alone> alone, int output, Tensor expected, Tensor part) {
    Tolerance tolerance = tolerance(output, expected);
    boolean isCoarse = HIDDEN * tolerance.relative() >= 0.1 || tolerance.absolute() > 0;
    if (isCoarse || outputs.get(output).maps() || expected.dataType() == DataType.BYTES) {
      return null;
    }
    return TensorComparison.difference(
        expected,
        part,
        alone.stream().map(row -> row.outputs().get(output)).toList(),
        HIDDEN * tolerance.relative());
  }

  /**
   * True if a small difference comes of how many rows there are, not of what they hold: kernels for
   * one row and for several add up in another order. The row is answered to the bit as before if
   * its company is exchanged and nothing else.
   */
  private boolean isRounding(
      List<Alone> alone, int[] rows, int index, int output, Tensor part, double largest, Kind kind)
      throws Ended {
    Tensor expected = alone.get(rows[index]).outputs().get(output);
    Tolerance tolerance = tolerance(output, expected);
    boolean maps = outputs.get(output).maps();
    boolean isExtreme = kind == Kind.EXTREME || kind == Kind.NOT_FINITE;
    if (!isExtreme
        && TensorComparison.difference(
                expected,
                part,
                maps,
                new Tolerance(ROUNDING * tolerance.relative(), tolerance.absolute()),
                largest)
            != null) {
      return false;
    }
    for (int shift = 1; shift < alone.size(); shift++) {
      int[] others = new int[rows.length];
      for (int place = 0; place < rows.length; place++) {
        others[place] = place == index ? rows[index] : (rows[place] + shift) % alone.size();
      }
      List<Tensor> answers = runTogether(alone, others);
      try {
        Tensor whole = answers.get(output);
        if (!whole.shape().equals(expected.shape().with(0, rows.length))) {
          return false;
        }
        long[] counts = new long[rows.length];
        Arrays.fill(counts, 1);
        List<Tensor> parts = TensorRows.part(whole, counts);
        try {
          if (TensorComparison.difference(part, parts.get(index), maps, Tolerance.EXACT, 0)
              != null) {
            return false;
          }
        } finally {
          parts.forEach(Tensor::close);
        }
      } finally {
        answers.forEach(Tensor::close);
      }
    }
    return true;
  }
}
