package io.onnxfleet.optimizer.prune;

import io.onnxfleet.optimizer.algebra.LeastSquares;
import java.util.Arrays;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * Takes blocks of input features from a linear layer one after the other, each time the block whose
 * loss the others make good best, and refits the others in closed form. With X the layer's inputs
 * over the samples, W its weights and H the inverse of {@code X'X}, the removal of block S costs
 * {@code tr(W_S' H_SS^-1 W_S)}, and afterwards
 *
 * <pre>
 *   W = W - H_.S H_SS^-1 W_S        H = H - H_.S H_SS^-1 H_S.
 * </pre>
 *
 * (Optimal brain surgeon, Hassibi and Stork 1993; by blocks as in ZipLM, Kurtic and others 2023.)
 * INVARIANT: W is the least-squares solution over the features that are left. Not thread-safe.
 */
final class BlockElimination {
  private static final double RIDGE = 1e-4;

  private final DMatrixRMaj weights;
  private final DMatrixRMaj inverse;
  private final int blocks;
  private final int size;
  private final boolean[] removed;

  /**
   * Begins.
   *
   * @param squares X'X, of the blocks' features and of any that are never removed
   * @param weights a row a feature; changed
   */
  BlockElimination(DMatrixRMaj squares, DMatrixRMaj weights, int blocks, int size) {
    this.weights = weights;
    this.blocks = blocks;
    this.size = size;
    removed = new boolean[blocks];
    inverse = LeastSquares.inverse(squares, RIDGE);
  }

  /** Removes blocks until so many are left, and says which. */
  int[] keep(int count) {
    for (int left = blocks; left > count; left--) {
      remove(cheapest());
    }
    int[] kept = new int[count];
    int place = 0;
    for (int block = 0; block < blocks; block++) {
      if (!removed[block]) {
        kept[place++] = block;
      }
    }
    return kept;
  }

  /** The refitted weights; rows of removed features mean nothing any more. */
  DMatrixRMaj weights() {
    return weights;
  }

  private int cheapest() {
    int best = -1;
    double least = Double.POSITIVE_INFINITY;
    for (int block = 0; block < blocks; block++) {
      if (removed[block]) {
        continue;
      }
      double cost = cost(block);
      if (best < 0 || cost < least) {
        least = cost;
        best = block;
      }
    }
    return best;
  }

  private double cost(int block) {
    int from = block * size;
    if (size == 1) {
      int columns = weights.getNumCols();
      double squares = 0;
      for (int place = from * columns; place < (from + 1) * columns; place++) {
        squares += weights.data[place] * weights.data[place];
      }
      return squares / inverse.get(from, from);
    }
    DMatrixRMaj rows = rows(weights, from);
    DMatrixRMaj costs = LeastSquares.solve(corner(from), rows, Double.MIN_NORMAL);
    CommonOps_DDRM.elementMult(costs, rows);
    return CommonOps_DDRM.elementSum(costs);
  }

  private void remove(int block) {
    int from = block * size;
    if (size == 1) {
      double scale = -1 / inverse.get(from, from);
      DMatrixRMaj column = CommonOps_DDRM.extractColumn(inverse, from, null);
      CommonOps_DDRM.multAdd(scale, column, rows(weights, from), weights);
      CommonOps_DDRM.multAdd(scale, column, rows(inverse, from), inverse);
    } else {
      DMatrixRMaj corner = corner(from);
      DMatrixRMaj columns =
          CommonOps_DDRM.extract(inverse, 0, inverse.getNumRows(), from, from + size);
      CommonOps_DDRM.multAdd(
          -1, columns, LeastSquares.solve(corner, rows(weights, from), Double.MIN_NORMAL), weights);
      CommonOps_DDRM.multAdd(
          -1, columns, LeastSquares.solve(corner, rows(inverse, from), Double.MIN_NORMAL), inverse);
    }
    removed[block] = true;
    // What rounding leaves of the removed features must not come back.
    for (int feature = from; feature < from + size; feature++) {
      int width = inverse.getNumCols();
      Arrays.fill(inverse.data, feature * width, (feature + 1) * width, 0);
      for (int row = 0; row < inverse.getNumRows(); row++) {
        inverse.set(row, feature, 0);
      }
      int columns = weights.getNumCols();
      Arrays.fill(weights.data, feature * columns, (feature + 1) * columns, 0);
    }
  }

  private DMatrixRMaj rows(DMatrixRMaj matrix, int from) {
    return CommonOps_DDRM.extract(matrix, from, from + size, 0, matrix.getNumCols());
  }

  private DMatrixRMaj corner(int from) {
    return CommonOps_DDRM.extract(inverse, from, from + size, from, from + size);
  }
}
