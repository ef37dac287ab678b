package io.onnxfleet.optimizer.distil;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.algebra.LeastSquares;
import io.onnxfleet.optimizer.algebra.PrincipalComponents;
import io.onnxfleet.optimizer.compare.Comparison;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/** One teacher of which {@link StaticDistillation} makes a table. Not thread-safe. */
final class StaticFitting {
  /** Of more texts the first ones are taken: the dual form is a matrix of their number squared. */
  private static final int MAX_TEXTS = 3000;

  private static final double[] MAP_RIDGES = {1e-5, 1e-4, 1e-3, 1e-2};
  private static final double[] TOKEN_RIDGES = {1e-2, 1e-1, 1};

  private final StaticOptions options;
  private final Comparison.Progress progress;

  StaticFitting(StaticOptions options, Comparison.Progress progress) {
    this.options = options;
    this.progress = progress;
  }

  /**
   * Makes the student.
   *
   * @param texts unlabeled, as rows of tokens, to fit the table to; may be none
   * @throws OptimizerException if the teacher's vectors have fewer dimensions than are asked for
   */
  OnnxModel student(TextEncoder teacher, Vocabulary vocabulary, List<long[]> texts) {
    List<long[]> rows = texts.subList(0, Math.min(MAX_TEXTS, texts.size()));
    int[] tokens = IntStream.range(0, vocabulary.size()).filter(vocabulary::isText).toArray();
    DMatrixRMaj vectors =
        matrix(
            teacher.vectors(
                IntStream.of(tokens).mapToObj(vocabulary::row).toList(),
                done -> progress.at("vocabulary", done, tokens.length)));
    if (options.dimensions() > vectors.getNumCols()) {
      throw new OptimizerException(
          "dimensions: %d (expected: <= %d, the teacher's)"
              .formatted(options.dimensions(), vectors.getNumCols()));
    }
    PrincipalComponents components = PrincipalComponents.of(vectors, options.dimensions());
    DMatrixRMaj projected = components.project(vectors);
    DMatrixRMaj table = new DMatrixRMaj(vocabulary.size(), options.dimensions());
    for (int index = 0; index < tokens.length; index++) {
      double weight = options.weight() / (options.weight() + vocabulary.probability(tokens[index]));
      for (int column = 0; column < options.dimensions(); column++) {
        table.set(tokens[index], column, weight * projected.get(index, column));
      }
    }
    if (!rows.isEmpty()) {
      fit(table, rows, components, teacher);
    }
    return StaticStudent.of(tensor(table));
  }

  private void fit(
      DMatrixRMaj table, List<long[]> rows, PrincipalComponents components, TextEncoder teacher) {
    float[][] answers = teacher.vectors(rows, done -> progress.at("texts", done, rows.size()));
    DMatrixRMaj wanted = new DMatrixRMaj(rows.size(), table.getNumCols());
    CommonOps_DDRM.mult(matrix(normalized(answers)), components.directions(), wanted);
    progress.at("fit", 0, 2);
    fitMap(table, rows, wanted);
    progress.at("fit", 1, 2);
    fitTokens(table, rows, wanted);
    progress.at("fit", 2, 2);
  }

  /** The same linear map, and the same addend, for every token. */
  private static void fitMap(DMatrixRMaj table, List<long[]> rows, DMatrixRMaj wanted) {
    DMatrixRMaj means = withOnes(means(table, rows));
    int fitted = fitted(rows.size());
    DMatrixRMaj best = new DMatrixRMaj(1, 1);
    double least = Double.POSITIVE_INFINITY;
    DMatrixRMaj inside = top(means, fitted);
    for (double ridge : MAP_RIDGES) {
      DMatrixRMaj map = map(inside, top(wanted, fitted), ridge);
      double error = error(means, map, wanted, fitted);
      if (error < least) {
        least = error;
        best = map(means, wanted, ridge);
      }
    }
    int width = table.getNumCols();
    DMatrixRMaj mapped = new DMatrixRMaj(table.getNumRows(), width);
    CommonOps_DDRM.mult(table, CommonOps_DDRM.extract(best, 0, width, 0, width), mapped);
    // Special tokens get the addend too: then it is the same for a mean of any tokens.
    for (int token = 0; token < mapped.getNumRows(); token++) {
      for (int column = 0; column < width; column++) {
        table.set(token, column, mapped.get(token, column) + best.get(width, column));
      }
    }
  }

  private static DMatrixRMaj map(DMatrixRMaj from, DMatrixRMaj to, double ridge) {
    DMatrixRMaj squares = new DMatrixRMaj(from.getNumCols(), from.getNumCols());
    CommonOps_DDRM.multInner(from, squares);
    DMatrixRMaj products = new DMatrixRMaj(from.getNumCols(), to.getNumCols());
    CommonOps_DDRM.multTransA(from, to, products);
    return LeastSquares.solve(squares, products, ridge);
  }

  private static double error(DMatrixRMaj from, DMatrixRMaj map, DMatrixRMaj to, int first) {
    DMatrixRMaj held = CommonOps_DDRM.extract(from, first, from.getNumRows(), 0, from.getNumCols());
    DMatrixRMaj answers = new DMatrixRMaj(held.getNumRows(), to.getNumCols());
    CommonOps_DDRM.mult(held, map, answers);
    return squaredDifference(answers, to, first);
  }

  /** What is left, for each token of the texts by itself: ridge regression in its dual form. */
  private static void fitTokens(DMatrixRMaj table, List<long[]> rows, DMatrixRMaj wanted) {
    DMatrixRMaj left = new DMatrixRMaj(wanted.getNumRows(), wanted.getNumCols());
    CommonOps_DDRM.subtract(wanted, means(table, rows), left);
    DMatrixRMaj shared = sharedTokens(rows, table.getNumRows());
    int fitted = fitted(rows.size());
    DMatrixRMaj inside = CommonOps_DDRM.extract(shared, 0, fitted, 0, fitted);
    DMatrixRMaj across = CommonOps_DDRM.extract(shared, fitted, rows.size(), 0, fitted);
    DMatrixRMaj answers = new DMatrixRMaj(across.getNumRows(), left.getNumCols());
    // No change at all is among the choices.
    double least = squaredDifference(answers, left, fitted);
    double chosen = 0;
    for (double ridge : TOKEN_RIDGES) {
      CommonOps_DDRM.mult(across, LeastSquares.solve(inside, top(left, fitted), ridge), answers);
      double error = squaredDifference(answers, left, fitted);
      if (error < least) {
        least = error;
        chosen = ridge;
      }
    }
    if (chosen == 0) {
      return;
    }
    DMatrixRMaj shares = LeastSquares.solve(shared, left, chosen);
    for (int row = 0; row < rows.size(); row++) {
      for (long token : rows.get(row)) {
        for (int column = 0; column < table.getNumCols(); column++) {
          table.add((int) token, column, shares.get(row, column) / rows.get(row).length);
        }
      }
    }
  }

  /** For two texts, the product of their rows of token shares. */
  private static DMatrixRMaj sharedTokens(List<long[]> rows, int tokens) {
    DMatrixRMaj shared = new DMatrixRMaj(rows.size(), rows.size());
    double[] counts = new double[tokens];
    for (int one = 0; one < rows.size(); one++) {
      for (long token : rows.get(one)) {
        counts[(int) token] += 1.0 / rows.get(one).length;
      }
      for (int other = 0; other <= one; other++) {
        double product = 0;
        for (long token : rows.get(other)) {
          product += counts[(int) token];
        }
        shared.set(one, other, product / rows.get(other).length);
        shared.set(other, one, product / rows.get(other).length);
      }
      for (long token : rows.get(one)) {
        counts[(int) token] = 0;
      }
    }
    return shared;
  }

  private static DMatrixRMaj means(DMatrixRMaj table, List<long[]> rows) {
    DMatrixRMaj means = new DMatrixRMaj(rows.size(), table.getNumCols());
    for (int row = 0; row < rows.size(); row++) {
      for (long token : rows.get(row)) {
        for (int column = 0; column < table.getNumCols(); column++) {
          means.add(row, column, table.get((int) token, column) / rows.get(row).length);
        }
      }
    }
    return means;
  }

  /** How many of the rows are fitted to; the others judge. */
  private static int fitted(int rows) {
    return rows - Math.max(1, rows / 10);
  }

  private static DMatrixRMaj top(DMatrixRMaj rows, int count) {
    return CommonOps_DDRM.extract(rows, 0, count, 0, rows.getNumCols());
  }

  private static DMatrixRMaj withOnes(DMatrixRMaj rows) {
    DMatrixRMaj wider = new DMatrixRMaj(rows.getNumRows(), rows.getNumCols() + 1);
    CommonOps_DDRM.insert(rows, wider, 0, 0);
    for (int row = 0; row < rows.getNumRows(); row++) {
      wider.set(row, rows.getNumCols(), 1);
    }
    return wider;
  }

  /** Of answers to the rows from the first one on. */
  private static double squaredDifference(DMatrixRMaj answers, DMatrixRMaj wanted, int first) {
    double sum = 0;
    for (int row = 0; row < answers.getNumRows(); row++) {
      for (int column = 0; column < answers.getNumCols(); column++) {
        double difference = answers.get(row, column) - wanted.get(first + row, column);
        sum += difference * difference;
      }
    }
    return sum;
  }

  private static float[][] normalized(float[][] vectors) {
    List<float[]> all = new ArrayList<>();
    for (float[] vector : vectors) {
      double squares = 0;
      for (float value : vector) {
        squares += (double) value * value;
      }
      float scale = squares == 0 ? 1 : (float) (1 / Math.sqrt(squares));
      float[] unit = new float[vector.length];
      for (int index = 0; index < unit.length; index++) {
        unit[index] = vector[index] * scale;
      }
      all.add(unit);
    }
    return all.toArray(float[][]::new);
  }

  private static DMatrixRMaj matrix(float[][] rows) {
    DMatrixRMaj matrix = new DMatrixRMaj(rows.length, rows[0].length);
    for (int row = 0; row < rows.length; row++) {
      for (int column = 0; column < rows[row].length; column++) {
        matrix.set(row, column, rows[row][column]);
      }
    }
    return matrix;
  }

  private static Tensor tensor(DMatrixRMaj matrix) {
    float[] values = new float[matrix.getNumElements()];
    for (int index = 0; index < values.length; index++) {
      values[index] = (float) matrix.get(index);
    }
    return Tensor.ofFloats(values, matrix.getNumRows(), matrix.getNumCols());
  }
}
