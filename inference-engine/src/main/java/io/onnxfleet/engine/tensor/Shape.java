package io.onnxfleet.engine.tensor;

import com.google.errorprone.annotations.Immutable;
import io.onnxfleet.engine.error.InferenceException;
import java.util.Arrays;

/**
 * The dimensions of a tensor, outermost first. A rank of 0 is a scalar, a dimension of 0 an empty
 * tensor; {@link #VARIABLE} stands only in a {@link TensorSpec}. Immutable.
 */
@Immutable
public final class Shape {
  /** A dimension that each request chooses. */
  public static final long VARIABLE = -1;

  public static final Shape SCALAR = new Shape(new long[0]);

  /** ONNX Runtime and every client library stay far below. */
  private static final int MAX_RANK = 64;

  @SuppressWarnings("Immutable") // never handed out nor written after construction
  private final long[] dims;

  private Shape(long[] dims) {
    this.dims = dims;
  }

  /**
   * A shape of these dimensions.
   *
   * @throws InferenceException if a dimension is below {@link #VARIABLE} or there are too many
   */
  public static Shape of(long... dims) {
    if (dims.length > MAX_RANK) {
      throw InferenceException.invalidInput(
          "shape: %d dimensions (expected: <= %d)", dims.length, MAX_RANK);
    }
    for (long dim : dims) {
      if (dim < VARIABLE) {
        throw InferenceException.invalidInput(
            "shape: %s (expected dimensions >= 0)", Arrays.toString(dims));
      }
    }
    return dims.length == 0 ? SCALAR : new Shape(dims.clone());
  }

  public int rank() {
    return dims.length;
  }

  public long dim(int axis) {
    return dims[axis];
  }

  /** A copy of the dimensions. */
  public long[] dims() {
    return dims.clone();
  }

  /** True if no dimension is {@link #VARIABLE}. */
  public boolean isConcrete() {
    for (long dim : dims) {
      if (dim == VARIABLE) {
        return false;
      }
    }
    return true;
  }

  /**
   * The product of the dimensions; 1 for a scalar.
   *
   * @throws InferenceException if a dimension is variable or the product exceeds 2^63 - 1
   */
  public long elementCount() {
    return product(0);
  }

  /**
   * Elements of one row, which is the product of all dimensions but the first.
   *
   * @throws InferenceException as {@link #elementCount()}
   */
  public long elementsPerRow() {
    return product(1);
  }

  private long product(int from) {
    long product = 1;
    boolean empty = false;
    boolean overflown = false;
    for (int axis = from; axis < dims.length; axis++) {
      long dim = dims[axis];
      if (dim == VARIABLE) {
        throw InferenceException.invalidInput("shape: %s (expected dimensions >= 0)", this);
      }
      empty |= dim == 0;
      overflown |= Math.multiplyHigh(product, dim) != 0 || product * dim < 0;
      product *= dim;
    }
    // A dimension of 0 may stand behind those whose product is too large.
    if (overflown && !empty) {
      throw InferenceException.invalidInput("shape: %s (expected fewer than 2^63 elements)", this);
    }
    return empty ? 0 : product;
  }

  /** This shape with another size along an axis. */
  public Shape with(int axis, long dim) {
    long[] changed = dims.clone();
    changed[axis] = dim;
    return of(changed);
  }

  /** This shape behind a new outermost dimension. */
  public Shape prepend(long dim) {
    long[] extended = new long[dims.length + 1];
    extended[0] = dim;
    System.arraycopy(dims, 0, extended, 1, dims.length);
    return of(extended);
  }

  /** This shape without its outermost dimension; the rank must be at least 1. */
  public Shape withoutFirst() {
    return of(Arrays.copyOfRange(dims, 1, dims.length));
  }

  /** True if a tensor of the concrete shape {@code actual} may stand where this one is declared. */
  public boolean accepts(Shape actual) {
    if (actual.dims.length != dims.length) {
      return false;
    }
    for (int axis = 0; axis < dims.length; axis++) {
      if (dims[axis] != VARIABLE && dims[axis] != actual.dims[axis]) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** The dimensions as JSON writes them: {@code [-1,16]}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("[");
    for (int axis = 0; axis < dims.length; axis++) {
      text.append(axis == 0 ? "" : ",").append(dims[axis]);
    }
    return text.append(']').toString();
  }
}
