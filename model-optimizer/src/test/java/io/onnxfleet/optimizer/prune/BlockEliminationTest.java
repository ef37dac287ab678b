package io.onnxfleet.optimizer.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.onnxfleet.optimizer.algebra.LeastSquares;
import java.util.Random;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.RandomMatrices_DDRM;
import org.junit.jupiter.api.Test;

class BlockEliminationTest {
  private final Random random = new Random(5);

  private static DMatrixRMaj squares(DMatrixRMaj rows) {
    DMatrixRMaj squares = new DMatrixRMaj(rows.getNumCols(), rows.getNumCols());
    CommonOps_DDRM.multInner(rows, squares);
    return squares;
  }

  @Test
  void keep_removesWhatOthersSayToo() {
    DMatrixRMaj rows = RandomMatrices_DDRM.rectangle(60, 6, -1, 1, random);
    for (int row = 0; row < 60; row++) {
      rows.set(row, 4, 2 * rows.get(row, 1) - rows.get(row, 2));
    }
    DMatrixRMaj weights = RandomMatrices_DDRM.rectangle(6, 3, -1, 1, random);
    DMatrixRMaj wanted = new DMatrixRMaj(60, 3);
    CommonOps_DDRM.mult(rows, weights, wanted);
    BlockElimination elimination = new BlockElimination(squares(rows), weights.copy(), 6, 1);
    int[] kept = elimination.keep(5);
    assertThat(kept).hasSize(5).contains(0, 3, 5);
    DMatrixRMaj answers = new DMatrixRMaj(60, 3);
    CommonOps_DDRM.mult(rows, elimination.weights(), answers);
    for (int index = 0; index < answers.getNumElements(); index++) {
      assertThat(answers.get(index)).isCloseTo(wanted.get(index), offset(2e-3));
    }
  }

  @Test
  void weights_areTheLeastSquaresSolution_afterBlocksWereRemoved() {
    DMatrixRMaj rows = RandomMatrices_DDRM.rectangle(200, 8, -1, 1, random);
    DMatrixRMaj weights = RandomMatrices_DDRM.rectangle(8, 3, -1, 1, random);
    DMatrixRMaj wanted = new DMatrixRMaj(200, 3);
    CommonOps_DDRM.mult(rows, weights, wanted);
    BlockElimination elimination = new BlockElimination(squares(rows), weights.copy(), 4, 2);
    int[] kept = elimination.keep(2);
    DMatrixRMaj left = new DMatrixRMaj(200, 4);
    for (int block = 0; block < 2; block++) {
      CommonOps_DDRM.insert(
          CommonOps_DDRM.extract(rows, 0, 200, 2 * kept[block], 2 * kept[block] + 2),
          left,
          0,
          2 * block);
    }
    DMatrixRMaj products = new DMatrixRMaj(4, 3);
    CommonOps_DDRM.multTransA(left, wanted, products);
    DMatrixRMaj expected = LeastSquares.solve(squares(left), products, 1e-12);
    for (int row = 0; row < 4; row++) {
      for (int column = 0; column < 3; column++) {
        assertThat(elimination.weights().get(2 * kept[row / 2] + row % 2, column))
            .isCloseTo(expected.get(row, column), offset(1e-3));
      }
    }
  }
}
