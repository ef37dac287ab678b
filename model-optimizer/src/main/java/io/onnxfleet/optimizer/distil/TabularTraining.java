package io.onnxfleet.optimizer.distil;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.compare.Comparison;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.jspecify.annotations.Nullable;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.ONNXExportable;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.sgd.fm.FMClassificationTrainer;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.impl.ArrayExample;
import org.tribuo.math.optimisers.AdaGrad;
import org.tribuo.provenance.SimpleDataSourceProvenance;
import org.tribuo.regression.RegressionFactory;
import org.tribuo.regression.Regressor;
import org.tribuo.regression.sgd.fm.FMRegressionTrainer;
import org.tribuo.regression.sgd.objectives.SquaredLoss;

/** One teacher of which {@link TabularDistillation} makes a student. Not thread-safe. */
final class TabularTraining {
  private static final Logger TRIBUO = Logger.getLogger("org.tribuo");

  private static final int EPOCHS = 60;
  private static final double LEARNING_RATE = 0.1;
  private static final int FACTORS = 8;

  /** Thresholds of a feature, and of all features together. */
  private static final int MOST_STEPS = 15;

  private static final int MOST_STEP_FEATURES = 512;

  /** Classes below this are left out of a row's training. */
  private static final double LEAST_SCORE = 1e-3;

  private final Path workspace;
  private final Random random;
  private final Comparison.Progress progress;
  private int exported;

  TabularTraining(Path workspace, Random random, Comparison.Progress progress) {
    this.workspace = workspace;
    this.random = random;
    this.progress = progress;
  }

  /** A student and what it is worth. */
  record Student(OnnxModel model, TabularDistillation.Outcome outcome) {}

  /**
   * Makes the student.
   *
   * @param samples rows of any number
   * @param count of rows to train on and judge by; made of the samples where they are fewer
   */
  Student student(Path file, SampleSet samples, int count) {
    // It reports every epoch.
    TRIBUO.setLevel(Level.WARNING);
    try (TabularTeacher teacher = TabularTeacher.open(file, workspace)) {
      TabularRows rows = new TabularRows(teacher.model().inputs());
      DMatrixRMaj values = rows.of(samples, count, random);
      DMatrixRMaj wanted = teacher.answers(rows, values);
      if (teacher.task() == TabularTeacher.Task.CLASSES && wanted.getNumCols() < 2) {
        throw new OptimizerException("all rows are of one class (expected: samples of more)");
      }
      int[] order = shuffled(values.getNumRows());
      int trained = values.getNumRows() - Math.max(1, values.getNumRows() / 5);
      int[] training = Arrays.copyOf(order, trained);
      int[] judging = Arrays.copyOfRange(order, trained, order.length);
      @Nullable Student best = null;
      List<String> kinds =
          List.of(
              "linear",
              "factorization machine",
              "linear over thresholds",
              "factorization machine over thresholds");
      for (int index = 0; index < kinds.size(); index++) {
        progress.at(kinds.get(index), index, kinds.size());
        boolean factors = index % 2 == 1;
        Scaling scaling = Scaling.of(values, training, index >= 2);
        OnnxModel model =
            teacher.task() == TabularTeacher.Task.CLASSES
                ? classifier(teacher, rows, scaling, values, wanted, training, factors)
                : regressor(teacher, rows, scaling, values, wanted, training, factors);
        double agreement = agreement(model, teacher, rows, values, judging);
        if (best == null || agreement > best.outcome().agreement()) {
          best =
              new Student(
                  model, new TabularDistillation.Outcome(kinds.get(index), agreement, trained));
        }
      }
      if (best == null) {
        throw new IllegalStateException("no kind of student");
      }
      return best;
    }
  }

  private int[] shuffled(int count) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    Collections.shuffle(order, random);
    return order.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * What the students see of a row: each feature less its mean and by its deviation, and whether it
   * is above each of some thresholds, as trees ask.
   */
  private record Scaling(
      List<Double> means, List<Double> deviations, List<Double> thresholds, int steps) {
    static Scaling of(DMatrixRMaj values, int[] rows, boolean withSteps) {
      int features = values.getNumCols();
      int steps = withSteps ? Math.min(MOST_STEPS, MOST_STEP_FEATURES / features) : 0;
      List<Double> means = new ArrayList<>();
      List<Double> deviations = new ArrayList<>();
      List<Double> thresholds = new ArrayList<>();
      for (int feature = 0; feature < features; feature++) {
        int column = feature;
        double[] sorted =
            Arrays.stream(rows).mapToDouble(row -> values.get(row, column)).sorted().toArray();
        double mean = Arrays.stream(sorted).average().orElse(0);
        double variance =
            Arrays.stream(sorted).map(value -> Math.pow(value - mean, 2)).average().orElse(0);
        double deviation = variance > 0 ? Math.sqrt(variance) : 1;
        means.add(mean);
        deviations.add(deviation);
        for (int step = 1; step <= steps; step++) {
          double quantile = sorted[sorted.length * step / (steps + 1)];
          thresholds.add((quantile - mean) / deviation);
        }
      }
      return new Scaling(means, deviations, thresholds, steps);
    }

    /** How many numbers a row becomes. */
    int width() {
      return means.size() + thresholds.size();
    }

    double[] row(DMatrixRMaj values, int row) {
      double[] scaled = new double[width()];
      int place = means.size();
      for (int feature = 0; feature < means.size(); feature++) {
        scaled[feature] = (values.get(row, feature) - means.get(feature)) / deviations.get(feature);
        for (int step = 0; step < steps; step++) {
          scaled[place] = scaled[feature] > thresholds.get(place - means.size()) ? 1 : 0;
          place++;
        }
      }
      return scaled;
    }
  }

  /** Names whose order is that of the columns, as Tribuo orders features by name. */
  private static String[] names(int features) {
    return IntStream.range(0, features).mapToObj("f%06d"::formatted).toArray(String[]::new);
  }

  private OnnxModel classifier(
      TabularTeacher teacher,
      TabularRows rows,
      Scaling scaling,
      DMatrixRMaj values,
      DMatrixRMaj wanted,
      int[] training,
      boolean factors) {
    LabelFactory factory = new LabelFactory();
    MutableDataset<Label> data =
        new MutableDataset<>(new SimpleDataSourceProvenance("teacher's answers", factory), factory);
    String[] names = names(scaling.width());
    for (int row : training) {
      double[] features = scaling.row(values, row);
      for (int column = 0; column < wanted.getNumCols(); column++) {
        double score = wanted.get(row, column);
        // Every class must be known, however seldom it is.
        if (score >= LEAST_SCORE || row == training[0]) {
          ArrayExample<Label> example =
              new ArrayExample<>(
                  new Label("c" + column), (float) Math.max(score, LEAST_SCORE / 10));
          for (int feature = 0; feature < names.length; feature++) {
            example.add(names[feature], features[feature]);
          }
          data.add(example);
        }
      }
    }
    Trainer<Label> trainer =
        factors
            ? new FMClassificationTrainer(
                new LogMulticlass(),
                new AdaGrad(LEARNING_RATE),
                EPOCHS,
                random.nextLong(),
                FACTORS,
                0.1)
            : new LinearSGDTrainer(
                new LogMulticlass(), new AdaGrad(LEARNING_RATE), EPOCHS, random.nextLong());
    Model<Label> model = trainer.train(data);
    int[] columns = new int[wanted.getNumCols()];
    for (int column = 0; column < columns.length; column++) {
      columns[column] = model.getOutputIDInfo().getID(new Label("c" + column));
    }
    return assembled(model, teacher, rows, scaling, columns);
  }

  private OnnxModel regressor(
      TabularTeacher teacher,
      TabularRows rows,
      Scaling scaling,
      DMatrixRMaj values,
      DMatrixRMaj wanted,
      int[] training,
      boolean factors) {
    RegressionFactory factory = new RegressionFactory();
    MutableDataset<Regressor> data =
        new MutableDataset<>(new SimpleDataSourceProvenance("teacher's answers", factory), factory);
    String[] names = names(scaling.width());
    String[] targets = names(wanted.getNumCols());
    for (int row : training) {
      double[] numbers = new double[targets.length];
      for (int column = 0; column < numbers.length; column++) {
        numbers[column] = wanted.get(row, column);
      }
      data.add(
          new ArrayExample<>(new Regressor(targets, numbers), names, scaling.row(values, row)));
    }
    Trainer<Regressor> trainer =
        factors
            ? new FMRegressionTrainer(
                new SquaredLoss(),
                new AdaGrad(LEARNING_RATE),
                EPOCHS,
                random.nextLong(),
                FACTORS,
                0.1,
                true)
            : new org.tribuo.regression.sgd.linear.LinearSGDTrainer(
                new SquaredLoss(), new AdaGrad(LEARNING_RATE), EPOCHS, random.nextLong());
    Model<Regressor> model = trainer.train(data);
    int[] columns = new int[targets.length];
    for (int column = 0; column < columns.length; column++) {
      columns[column] = model.getOutputIDInfo().getID(new Regressor(targets[column], 0));
    }
    return assembled(model, teacher, rows, scaling, columns);
  }

  /** The exported model between the teacher's inputs and outputs. */
  private OnnxModel assembled(
      Model<?> trained, TabularTeacher teacher, TabularRows rows, Scaling scaling, int[] columns) {
    if (!(trained instanceof ONNXExportable exportable)) {
      throw new IllegalStateException(trained.getName() + " cannot be exported");
    }
    // A file of its own: the weights of a model that was read are those in its file.
    Path file = workspace.resolve("student-%d.onnx".formatted(++exported));
    try {
      Files.write(file, exportable.exportONNXModel("io.onnxfleet.student", 1).toByteArray());
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be written: %s".formatted(file, failure), failure);
    }
    OnnxModel model = OnnxModel.read(file);
    Graph graph = model.graph();
    String given = graph.requiredInputs().getFirst().getName();
    String answered = graph.outputs().getFirst().getName();
    String features = graph.freshName("student_features");
    for (Node user : graph.consumers(given)) {
      graph.replace(
          List.of(user),
          List.of(
              user.withInputs(
                  user.inputs().stream()
                      .map(name -> name.equals(given) ? features : name)
                      .toList())));
    }
    String scores = graph.freshName("student_scores");
    Node writer = graph.producer(answered).orElseThrow();
    graph.replace(
        List.of(writer),
        List.of(
            writer.withOutputs(
                writer.outputs().stream()
                    .map(name -> name.equals(answered) ? scores : name)
                    .toList())));
    OnnxModel original = OnnxModel.read(teacher.model().file());
    graph.redeclare(List.copyOf(original.graph().requiredInputs()), teacher.outputs());
    addInputs(graph, rows, scaling, features);
    addOutputs(model, teacher, scores, columns);
    return model;
  }

  private static void addInputs(Graph graph, TabularRows rows, Scaling scaling, String features) {
    List<String> parts = new ArrayList<>();
    String columnShape = "";
    for (InputSpec input : rows.inputs()) {
      String part = graph.freshName("student_input_" + parts.size());
      graph.add(
          Node.of("Cast", part)
              .inputs(input.name())
              .outputs(part)
              .with("to", ElementType.FLOAT.code())
              .build());
      if (input.shape().size() == 1) {
        if (columnShape.isEmpty()) {
          columnShape =
              graph.addConstant(
                  graph.freshName("student_column"), Tensor.ofLongs(new long[] {-1, 1}, 2));
        }
        String column = graph.freshName(part + "_column");
        graph.add(Node.of("Reshape", column).inputs(part, columnShape).outputs(column).build());
        part = column;
      }
      parts.add(part);
    }
    String joined = graph.freshName("student_row");
    graph.add(
        Node.of("Concat", joined)
            .inputs(parts.toArray(String[]::new))
            .outputs(joined)
            .with("axis", 1)
            .build());
    String centred = graph.freshName("student_centred");
    graph.add(
        Node.of("Sub", centred)
            .inputs(joined, vector(graph, "student_means", scaling.means()))
            .outputs(centred)
            .build());
    String scaled = scaling.steps() == 0 ? features : graph.freshName("student_scaled");
    graph.add(
        Node.of("Div", scaled)
            .inputs(centred, vector(graph, "student_deviations", scaling.deviations()))
            .outputs(scaled)
            .build());
    if (scaling.steps() > 0) {
      addSteps(graph, scaling, scaled, features);
    }
  }

  /** Whether each feature is above each of its thresholds, behind the features themselves. */
  private static void addSteps(Graph graph, Scaling scaling, String scaled, String features) {
    int count = scaling.means().size();
    String thresholds =
        graph.addConstant(
            graph.freshName("student_thresholds"),
            tensor(scaling.thresholds()).reshaped(1, count, scaling.steps()));
    String apart =
        graph.addConstant(
            graph.freshName("student_apart"), Tensor.ofLongs(new long[] {-1, count, 1}, 3));
    String flat =
        graph.addConstant(
            graph.freshName("student_flat"),
            Tensor.ofLongs(new long[] {-1, scaling.thresholds().size()}, 2));
    String column = graph.freshName("student_columns");
    String above = graph.freshName("student_above");
    String steps = graph.freshName("student_steps");
    String row = graph.freshName("student_step_row");
    graph.add(Node.of("Reshape", column).inputs(scaled, apart).outputs(column).build());
    graph.add(Node.of("Greater", above).inputs(column, thresholds).outputs(above).build());
    graph.add(
        Node.of("Cast", steps)
            .inputs(above)
            .outputs(steps)
            .with("to", ElementType.FLOAT.code())
            .build());
    graph.add(Node.of("Reshape", row).inputs(steps, flat).outputs(row).build());
    graph.add(
        Node.of("Concat", features).inputs(scaled, row).outputs(features).with("axis", 1).build());
  }

  private static String vector(Graph graph, String name, List<Double> numbers) {
    return graph.addConstant(graph.freshName(name), tensor(numbers));
  }

  private static Tensor tensor(List<Double> numbers) {
    float[] values = new float[numbers.size()];
    for (int index = 0; index < values.length; index++) {
      values[index] = numbers.get(index).floatValue();
    }
    return Tensor.ofFloats(values, values.length);
  }

  private static void addOutputs(
      OnnxModel model, TabularTeacher teacher, String scores, int[] columns) {
    Graph graph = model.graph();
    String ordered = graph.freshName("student_ordered");
    String order =
        graph.addConstant(
            graph.freshName("student_order"),
            Tensor.ofLongs(Arrays.stream(columns).asLongStream().toArray(), columns.length));
    graph.add(
        Node.of("Gather", ordered).inputs(scores, order).outputs(ordered).with("axis", 1).build());
    for (ValueInfoProto output : teacher.outputs()) {
      if (!teacher.isLabel(output)) {
        // As many axes as the teacher's.
        boolean flat = output.getType().getTensorType().getShape().getDimCount() == 1;
        String shape =
            graph.addConstant(
                graph.freshName("student_shape"),
                flat
                    ? Tensor.ofLongs(new long[] {-1}, 1)
                    : Tensor.ofLongs(new long[] {-1, columns.length}, 2));
        graph.add(
            Node.of("Reshape", output.getName())
                .inputs(ordered, shape)
                .outputs(output.getName())
                .build());
        continue;
      }
      String place = graph.freshName("student_class");
      graph.add(
          Node.of("ArgMax", place)
              .inputs(ordered)
              .outputs(place)
              .with("axis", 1)
              .with("keepdims", 0)
              .build());
      if (teacher.textLabel()) {
        graph.add(
            Node.machineLearning("LabelEncoder", output.getName())
                .inputs(place)
                .outputs(output.getName())
                .with(
                    "keys_int64s",
                    IntStream.range(0, columns.length).asLongStream().boxed().toList())
                .withTexts("values_strings", teacher.texts())
                .build());
        model.use(Node.MACHINE_LEARNING_DOMAIN, 2);
      } else {
        String classes =
            graph.addConstant(
                graph.freshName("student_classes"),
                Tensor.ofLongs(
                    teacher.numbers().stream().mapToLong(Long::longValue).toArray(),
                    teacher.numbers().size()));
        graph.add(
            Node.of("Gather", output.getName())
                .inputs(classes, place)
                .outputs(output.getName())
                .build());
      }
    }
  }

  /** Of the exported model itself, run beside the teacher. */
  private double agreement(
      OnnxModel model,
      TabularTeacher teacher,
      TabularRows rows,
      DMatrixRMaj values,
      int[] judging) {
    Path file = workspace.resolve("judged.onnx");
    model.write(file);
    DMatrixRMaj chosen = new DMatrixRMaj(judging.length, values.getNumCols());
    for (int row = 0; row < judging.length; row++) {
      CommonOps_DDRM.insert(
          CommonOps_DDRM.extract(values, judging[row], judging[row] + 1, 0, values.getNumCols()),
          chosen,
          row,
          0);
    }
    try (TabularTeacher student = TabularTeacher.opened(teacher, file)) {
      DMatrixRMaj one = teacher.answers(rows, chosen);
      DMatrixRMaj other = student.answers(rows, chosen);
      return teacher.task() == TabularTeacher.Task.CLASSES
          ? sameClass(one, other)
          : explained(one, other);
    }
  }

  private static double sameClass(DMatrixRMaj one, DMatrixRMaj other) {
    int same = 0;
    for (int row = 0; row < one.getNumRows(); row++) {
      same += TabularTeacher.largest(one, row) == TabularTeacher.largest(other, row) ? 1 : 0;
    }
    return (double) same / one.getNumRows();
  }

  private static double explained(DMatrixRMaj one, DMatrixRMaj other) {
    double left = 0;
    double all = 0;
    for (int column = 0; column < one.getNumCols(); column++) {
      double mean = 0;
      for (int row = 0; row < one.getNumRows(); row++) {
        mean += one.get(row, column) / one.getNumRows();
      }
      for (int row = 0; row < one.getNumRows(); row++) {
        left += Math.pow(one.get(row, column) - other.get(row, column), 2);
        all += Math.pow(one.get(row, column) - mean, 2);
      }
    }
    return all == 0 ? (left == 0 ? 1 : 0) : 1 - left / all;
  }
}
