package io.onnxfleet.engine.proof;

import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Makes up rows that a model may take and that tell rows apart: seeded, unequal, of several
 * magnitudes and both signs, with some zeros, and with one row that is equal to another. Ids lie in
 * the tables in which the graph looks them up, texts among the categories that it knows, masks are
 * ones with zeros of different length behind them. Stateless but for the pool; thread-safe.
 */
public final class SampleRows {
  /** How floating-point values are drawn. */
  enum Kind {
    /** Around zero, all rows of one magnitude. */
    NORMAL,
    /** Rows of unequal magnitude, with zeros, one row of nothing else, and two that are equal. */
    UNEVEN,
    /** 0 to 255, as pixels are, whole numbers among them. */
    POSITIVE,
    /** 0 to 1. */
    UNIT,
    /** Of any magnitude between a hundredth and ten thousand, each value for itself. */
    WIDE,
    /** Of any magnitude between a millionth and ten thousand. */
    EXTREME,
    /** As {@link #UNIT}, and masks hold anything: fractions, or ones and zeros in any order. */
    ANY_MASK,
    /** As {@link #NORMAL}, but for two rows: one has no number in it, the other infinity. */
    NOT_FINITE
  }

  /** How integers and texts are drawn where the graph says nothing; the next if one is refused. */
  enum Range {
    SIGNED(-3, 20),
    SMALL(0, 9),
    BINARY(0, 1),
    ONE(1, 1),
    LARGE(0, 100),
    /** Of any magnitude up to 16 bits; only tried where a model has taken others. */
    EXTREME(-(1 << 15), 1 << 15);

    /** What is tried until a model takes it. */
    static final List<Range> USUAL = List.of(SIGNED, SMALL, BINARY, ONE, LARGE);

    private final int least;
    private final int most;

    Range(int least, int most) {
      this.least = least;
      this.most = most;
    }
  }

  /** As many rows differ; further ones begin again. */
  static final int ROWS = 5;

  private static final int EQUAL_TO_FIRST = 3;
  private static final int NOTHING = 2;
  private static final int WHOLE = 0;
  private static final int NO_NUMBER = 1;
  private static final int INFINITE = 4;
  private static final double[] MAGNITUDES = {1, 0.01, 0, 1, 100};

  /** Taken in turn, so that rows of few values have both ends. */
  private static final int[] EXTREME_EXPONENTS = {4, -6, 3, -5, 2, -3};

  private static final double SHARE_OF_ZEROS = 0.2;

  private static final List<String> WORDS =
      List.of("north", "", "South pole", "x", "42", "-1.5", "élan", "row");

  private final BufferPool pool;
  private final GraphFacts facts;
  private final long seed;

  public SampleRows(BufferPool pool, GraphFacts facts, long seed) {
    this.pool = pool;
    this.facts = facts;
    this.seed = seed;
  }

  /** True if other ranges give other data. */
  boolean dependsOnRange(SampleInput input) {
    return input.example() == null
        && !isMask(input)
        && switch (input.dataType()) {
          case FP16, BF16, FP32, FP64, BOOL -> false;
          case INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64, BYTES -> true;
        };
  }

  /** True of rows of {@link Kind#NOT_FINITE} that hold nothing but numbers. */
  static boolean isFinite(int row) {
    return row % ROWS != NO_NUMBER && row % ROWS != INFINITE;
  }

  /**
   * One row of an input.
   *
   * @param row from 0; equal for equal arguments
   * @param freeSize of each free dimension
   */
  Tensor row(SampleInput input, Kind kind, Range range, int row, long freeSize) {
    long[] dims = input.shape().dims();
    dims[0] = 1;
    for (int axis = 1; axis < dims.length; axis++) {
      dims[axis] = dims[axis] == Shape.VARIABLE ? freeSize : dims[axis];
    }
    Shape shape = Shape.of(dims);
    int drawn = row % ROWS;
    drawn = kind == Kind.UNEVEN && drawn == EQUAL_TO_FIRST ? 0 : drawn;
    Random random = new Random(seed * 31 + input.name().hashCode() + 1009L * drawn);
    if (input.example() != null) {
      return ofExample(input, shape, drawn, random);
    }
    if (input.dataType() == DataType.BYTES) {
      return texts(input, shape, range, random);
    }
    Tensor tensor = Tensor.allocate(pool, input.dataType(), shape);
    ByteBuffer data = tensor.data();
    long count = shape.elementCount();
    long masked = isMask(input) ? count - (count * drawn) / (ROWS + 1) : count;
    for (long element = 0; element < count; element++) {
      if (isMask(input)) {
        put(data, input.dataType(), mask(input, kind, drawn, element < masked, random));
      } else if (kind == Kind.NOT_FINITE && element == 0 && isFloat(input.dataType())) {
        put(data, input.dataType(), first(drawn, random));
      } else if (isFloat(input.dataType())) {
        put(data, input.dataType(), value(kind, drawn, element, random));
      } else {
        put(data, input.dataType(), integer(input, range, random));
      }
    }
    return tensor;
  }

  private static double mask(SampleInput input, Kind kind, int row, boolean whole, Random random) {
    if (kind != Kind.ANY_MASK) {
      return whole ? 1 : 0;
    }
    boolean fractions = isFloat(input.dataType());
    return switch (row) {
      case NOTHING -> 0;
      case WHOLE -> fractions ? random.nextDouble() : 1;
      default -> fractions ? random.nextDouble() : random.nextInt(2);
    };
  }

  private static double first(int row, Random random) {
    double number = random.nextGaussian();
    return switch (row) {
      case NO_NUMBER -> Double.NaN;
      case INFINITE -> Double.POSITIVE_INFINITY;
      default -> number;
    };
  }

  private static double value(Kind kind, int row, long element, Random random) {
    double normal = random.nextGaussian();
    boolean zero = random.nextDouble() < SHARE_OF_ZEROS;
    return switch (kind) {
      case NORMAL, NOT_FINITE -> normal;
      case UNEVEN -> zero || row == NOTHING ? 0 : normal * MAGNITUDES[row];
      case POSITIVE -> zero ? random.nextInt(256) : random.nextDouble() * 255;
      case UNIT, ANY_MASK -> zero ? random.nextInt(2) : random.nextDouble();
      case WIDE -> zero ? 0 : normal * Math.pow(10, random.nextInt(7) - 2);
      case EXTREME -> {
        int turn = (int) ((element + row) % EXTREME_EXPONENTS.length);
        yield zero ? 0 : normal * Math.pow(10, EXTREME_EXPONENTS[turn]);
      }
    };
  }

  private long integer(SampleInput input, Range range, Random random) {
    List<Long> categories = facts.numberedCategories(input.name());
    if (!categories.isEmpty()) {
      return categories.get(random.nextInt(categories.size()));
    }
    if (input.dataType() == DataType.BOOL) {
      return random.nextInt(2);
    }
    long size = facts.tableSize(input.name()).orElse(0);
    if (size > 0) {
      return range == Range.BINARY || range == Range.ONE
          ? Math.min(size - 1, drawn(range, random))
          : random.nextLong(size);
    }
    boolean isByte = input.dataType() == DataType.INT8 || input.dataType() == DataType.UINT8;
    if (isByte && range == Range.SIGNED) {
      return random.nextInt(256);
    }
    return drawn(isType(input) && range == Range.SIGNED ? Range.BINARY : range, random);
  }

  private static long drawn(Range range, Random random) {
    if (range == Range.EXTREME) {
      long size = random.nextInt(1 << random.nextInt(16));
      return random.nextBoolean() ? size : -size;
    }
    return range.least + (long) random.nextInt(range.most - range.least + 1);
  }

  private Tensor texts(SampleInput input, Shape shape, Range range, Random random) {
    List<String> categories = facts.categories(input.name());
    List<String> texts = new ArrayList<>();
    for (long element = 0; element < shape.elementCount(); element++) {
      if (!categories.isEmpty() && range == Range.SIGNED) {
        texts.add(categories.get(random.nextInt(categories.size())));
      } else if (range == Range.LARGE || range == Range.ONE) {
        texts.add(WORDS.get(random.nextInt(WORDS.size())));
      } else {
        texts.add(Integer.toString(random.nextInt(1000)));
      }
    }
    return Tensor.ofStrings(pool, shape, texts);
  }

  /** Other values of the same kind: floats at other scales, and anything in another order. */
  private Tensor ofExample(SampleInput input, Shape shape, int row, Random random) {
    byte[] example = input.example();
    if (example == null) {
      throw new IllegalStateException("no example");
    }
    if (input.dataType() == DataType.BYTES) {
      Tensor tensor = Tensor.ofByteSize(pool, input.dataType(), shape, example.length);
      tensor.data().put(example);
      if (row == 0) {
        return tensor;
      }
      try (tensor) {
        List<byte[]> elements = new ArrayList<>(BytesElements.read(tensor));
        Collections.shuffle(elements, random);
        return Tensor.ofBytes(pool, shape, elements);
      }
    }
    byte[] bytes = example.clone();
    boolean scaled = isFloat(input.dataType());
    if (row > 0 && scaled) {
      scale(bytes, input.dataType(), 1 - 0.15 * row);
    }
    // Multiples of one row alone would not tell models that look at directions.
    if (row > 0 && (!scaled || row % 2 == 0)) {
      shuffle(bytes, input.dataType().byteSize(), random);
    }
    Tensor tensor = Tensor.allocate(pool, input.dataType(), shape);
    tensor.data().put(bytes);
    return tensor;
  }

  private static void scale(byte[] bytes, DataType type, double factor) {
    ByteBuffer from = ByteBuffer.wrap(bytes.clone()).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer to = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (from.hasRemaining()) {
      double value =
          switch (type) {
            case FP16 -> Float.float16ToFloat(from.getShort());
            case BF16 -> Float.intBitsToFloat(from.getShort() << 16);
            case FP64 -> from.getDouble();
            default -> from.getFloat();
          };
      put(to, type, value * factor);
    }
  }

  private static void shuffle(byte[] bytes, int width, Random random) {
    for (int last = bytes.length / width - 1; last > 0; last--) {
      int other = random.nextInt(last + 1);
      byte[] kept = Arrays.copyOfRange(bytes, last * width, (last + 1) * width);
      System.arraycopy(bytes, other * width, bytes, last * width, width);
      System.arraycopy(kept, 0, bytes, other * width, width);
    }
  }

  static boolean isFloat(SampleInput input) {
    return isFloat(input.dataType()) && input.example() == null;
  }

  private static boolean isFloat(DataType type) {
    return type == DataType.FP16
        || type == DataType.BF16
        || type == DataType.FP32
        || type == DataType.FP64;
  }

  static boolean isMask(SampleInput input) {
    return input.name().toLowerCase(Locale.ROOT).contains("mask");
  }

  private static boolean isType(SampleInput input) {
    String name = input.name().toLowerCase(Locale.ROOT);
    return name.contains("type") || name.contains("segment");
  }

  private static void put(ByteBuffer data, DataType type, double value) {
    switch (type) {
      case FP16 -> data.putShort(Float.floatToFloat16((float) value));
      case BF16 -> data.putShort((short) (Float.floatToRawIntBits((float) value) >>> 16));
      case FP32 -> data.putFloat((float) value);
      case FP64 -> data.putDouble(value);
      case BOOL, INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64 ->
          put(data, type, (long) value);
      case BYTES -> throw new IllegalArgumentException("BYTES (expected a type of fixed size)");
    }
  }

  private static void put(ByteBuffer data, DataType type, long value) {
    switch (type) {
      case BOOL, INT8, UINT8 -> data.put((byte) value);
      case INT16, UINT16 -> data.putShort((short) value);
      case INT32, UINT32 -> data.putInt((int) value);
      case INT64, UINT64 -> data.putLong(value);
      case FP16, BF16, FP32, FP64 -> put(data, type, (double) value);
      case BYTES -> throw new IllegalArgumentException("BYTES (expected a type of fixed size)");
    }
  }
}
