package io.onnxfleet.engine.crash;

import io.onnxfleet.engine.crash.RunMarks.Mark;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which shapes a version of a model has run, in classes: each dimension counts by the power of two
 * that holds it, and runs on made-up data count apart from those on callers' data. A run of a class
 * that never ran to its end is marked in {@link RunMarks} while it lasts.
 *
 * <p>Knows at most {@value #MOST_SHAPES} classes; what comes after these is not marked. A run of a
 * known class costs no more than a look at its dimensions. Thread-safe.
 */
public final class FirstRuns {
  static final int MOST_SHAPES = 256;

  private static final int LONGEST_DESCRIPTION = 600;
  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

  private final ModelVersionId id;
  private final String content;
  private final RunMarks marks;
  private final Runnable learned;

  /** Ascending; replaced as a whole. */
  private volatile long[] known;

  private volatile boolean serving;
  private volatile @Nullable FirstRunGuard guard;

  /**
   * Runs of one version.
   *
   * @param known the classes that ran before
   * @param learned told after each class that is added
   */
  public FirstRuns(
      ModelVersionId id, String content, RunMarks marks, Set<Long> known, Runnable learned) {
    this.id = id;
    this.content = content;
    this.marks = marks;
    this.learned = learned;
    this.known = known.stream().mapToLong(Long::longValue).sorted().toArray();
  }

  /** From now on inputs are callers'. */
  public void serve() {
    serving = true;
  }

  /** Whose runs these are. */
  public ModelVersionId id() {
    return id;
  }

  /** The digest of the version's files. */
  public String content() {
    return content;
  }

  /** Which class of sizes inputs are. */
  long shapeOf(List<NamedTensor> inputs) {
    long shape = serving ? 1 : 2;
    for (int index = 0; index < inputs.size(); index++) {
      Shape dims = inputs.get(index).tensor().shape();
      shape = mix(shape, dims.rank());
      for (int axis = 0; axis < dims.rank(); axis++) {
        shape = mix(shape, Long.SIZE - Long.numberOfLeadingZeros(Math.max(0, dims.dim(axis) - 1)));
      }
    }
    return shape;
  }

  private static long mix(long hash, long value) {
    long mixed = (hash ^ value) * MULTIPLIER;
    return mixed ^ mixed >>> 32;
  }

  boolean isKnown(long shape) {
    long[] now = known;
    return Arrays.binarySearch(now, shape) >= 0 || now.length >= MOST_SHAPES;
  }

  /** True if any run ever ended well. */
  boolean hasRun() {
    return known.length > 0;
  }

  /** Has runs on callers' data checked first, for as long as no run ended well. */
  public void guard(FirstRunGuard check) {
    guard = check;
  }

  /** What a run is to be marked by. */
  Mark mark(long shape, List<NamedTensor> inputs) {
    return new Mark(id, content, shape, describe(inputs));
  }

  /** Runs under a mark; the class is known afterwards unless the run failed. */
  <T> T first(long shape, List<NamedTensor> inputs, List<String> outputs, Supplier<T> run) {
    FirstRunGuard check = guard;
    if (check != null && serving && !hasRun()) {
      check.check(this, mark(shape, inputs), inputs, outputs);
    }
    int mark = marks.begin(mark(shape, inputs));
    try {
      T result = run.get();
      add(shape);
      return result;
    } finally {
      marks.end(mark);
    }
  }

  private void add(long shape) {
    synchronized (this) {
      if (isKnown(shape)) {
        return;
      }
      long[] more = Arrays.copyOf(known, known.length + 1);
      more[known.length] = shape;
      Arrays.sort(more);
      known = more;
    }
    learned.run();
  }

  /** The classes that ran to their end. */
  public Set<Long> known() {
    Set<Long> all = new TreeSet<>();
    for (long shape : known) {
      all.add(shape);
    }
    return all;
  }

  /** Such as {@code x [1, 3, 32, 32]}. */
  static String describe(List<NamedTensor> inputs) {
    StringBuilder text = new StringBuilder();
    for (NamedTensor input : inputs) {
      text.append(text.isEmpty() ? "" : ", ")
          .append(input.name())
          .append(' ')
          .append(input.tensor().shape());
      if (text.length() > LONGEST_DESCRIPTION) {
        return text.substring(0, LONGEST_DESCRIPTION) + "...";
      }
    }
    return text.toString();
  }
}
