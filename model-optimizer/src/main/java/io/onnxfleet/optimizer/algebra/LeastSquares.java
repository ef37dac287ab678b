package io.onnxfleet.optimizer.algebra;

import io.onnxfleet.optimizer.OptimizerException;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.LinearSolverFactory_DDRM;
import org.ejml.interfaces.linsol.LinearSolverDense;

/** Ridge regression in its closed form. */
public final class LeastSquares {
  private LeastSquares() {}

  /**
   * Solves {@code (A + r m I) X = B}, where {@code m} is the mean of A's diagonal.
   *
   * @param symmetric A, positive semidefinite; kept
   * @param right B; kept
   * @param ridge r, above 0
   */
  public static DMatrixRMaj solve(DMatrixRMaj symmetric, DMatrixRMaj right, double ridge) {
    int size = symmetric.getNumRows();
    DMatrixRMaj left = symmetric.copy();
    addRidge(left, ridge);
    LinearSolverDense<DMatrixRMaj> solver = LinearSolverFactory_DDRM.symmPosDef(size);
    DMatrixRMaj solution = new DMatrixRMaj(size, right.getNumCols());
    if (!solver.setA(left)) {
      throw new OptimizerException(
          "the samples hold numbers that no fit can be made of (expected: finite ones)");
    }
    solver.solve(right.copy(), solution);
    return solution;
  }

  /** The inverse of {@code A + r m I}, where {@code m} is the mean of A's diagonal; A is kept. */
  public static DMatrixRMaj inverse(DMatrixRMaj symmetric, double ridge) {
    DMatrixRMaj left = symmetric.copy();
    addRidge(left, ridge);
    LinearSolverDense<DMatrixRMaj> solver =
        LinearSolverFactory_DDRM.symmPosDef(symmetric.getNumRows());
    DMatrixRMaj inverse = left.createLike();
    if (!solver.setA(left)) {
      throw new OptimizerException(
          "the samples hold numbers that no fit can be made of (expected: finite ones)");
    }
    solver.invert(inverse);
    return inverse;
  }

  private static void addRidge(DMatrixRMaj matrix, double ridge) {
    int size = matrix.getNumRows();
    double mean = CommonOps_DDRM.trace(matrix) / size;
    // A matrix of zeros still needs an inverse.
    double added = ridge * (mean > 0 ? mean : 1);
    for (int index = 0; index < size; index++) {
      matrix.add(index, index, added);
    }
  }
}
