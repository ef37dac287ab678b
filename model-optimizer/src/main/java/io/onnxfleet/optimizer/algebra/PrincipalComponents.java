package io.onnxfleet.optimizer.algebra;

import io.onnxfleet.optimizer.OptimizerException;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * The directions in which rows differ most.
 *
 * @param mean of the rows
 * @param directions a column each, the strongest first
 */
public record PrincipalComponents(DMatrixRMaj mean, DMatrixRMaj directions) {

  /**
   * Finds them.
   *
   * @param rows of the same length, at least one
   * @param count how many directions, at most the rows' length
   */
  public static PrincipalComponents of(DMatrixRMaj rows, int count) {
    int width = rows.getNumCols();
    DMatrixRMaj mean = CommonOps_DDRM.sumCols(rows, null);
    CommonOps_DDRM.divide(mean, rows.getNumRows());
    DMatrixRMaj covariance = new DMatrixRMaj(width, width);
    CommonOps_DDRM.multInner(rows, covariance);
    CommonOps_DDRM.divide(covariance, rows.getNumRows());
    CommonOps_DDRM.multAddTransA(-1, mean, mean, covariance);
    EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(width, true, true);
    if (!eigen.decompose(covariance)) {
      throw new OptimizerException("no principal components (expected: finite numbers)");
    }
    int[] order =
        IntStream.range(0, width)
            .boxed()
            .sorted(
                Comparator.comparingDouble(
                    (Integer index) -> -eigen.getEigenvalue(index).getReal()))
            .mapToInt(Integer::intValue)
            .toArray();
    DMatrixRMaj directions = new DMatrixRMaj(width, count);
    for (int column = 0; column < count; column++) {
      CommonOps_DDRM.insert(eigen.getEigenVector(order[column]), directions, 0, column);
    }
    return new PrincipalComponents(mean, directions);
  }

  /** Rows in these directions, with the mean taken off. */
  public DMatrixRMaj project(DMatrixRMaj rows) {
    DMatrixRMaj projected = new DMatrixRMaj(rows.getNumRows(), directions.getNumCols());
    CommonOps_DDRM.mult(rows, directions, projected);
    DMatrixRMaj offset = new DMatrixRMaj(1, directions.getNumCols());
    CommonOps_DDRM.mult(mean, directions, offset);
    for (int row = 0; row < rows.getNumRows(); row++) {
      for (int column = 0; column < directions.getNumCols(); column++) {
        projected.add(row, column, -offset.get(0, column));
      }
    }
    return projected;
  }
}
