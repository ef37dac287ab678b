package io.onnxfleet.optimizer.distil;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.TypeProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.ejml.data.DMatrixRMaj;
import org.jspecify.annotations.Nullable;

/**
 * A classifier or regressor over rows: which of its outputs is the label, which the numbers behind
 * it, and what those are for given rows. Maps of class to score, as scikit-learn's exporter makes
 * them, are read as the scores that they are made of. Closed by its owner.
 */
final class TabularTeacher implements AutoCloseable {
  private static final int TEXT = 8;

  /** What a student must answer. */
  enum Task {
    CLASSES,
    NUMBERS
  }

  private final RunnableModel model;
  private final List<ValueInfoProto> outputs;
  private final @Nullable String label;
  private final boolean textLabel;
  private final @Nullable String scores;
  private List<String> texts = List.of();
  private List<Long> numbers = List.of();

  private TabularTeacher(
      RunnableModel model,
      List<ValueInfoProto> outputs,
      @Nullable String label,
      boolean textLabel,
      @Nullable String scores) {
    this.model = model;
    this.outputs = outputs;
    this.label = label;
    this.textLabel = textLabel;
    this.scores = scores;
  }

  /**
   * Opens one.
   *
   * @param folder for a copy that answers scores instead of maps
   */
  static TabularTeacher open(Path file, Path folder) {
    OnnxModel copy = OnnxModel.read(file);
    Graph graph = copy.graph();
    List<ValueInfoProto> declared = List.copyOf(graph.outputs());
    List<ValueInfoProto> answered = new ArrayList<>();
    @Nullable String label = null;
    boolean textLabel = false;
    @Nullable String scores = null;
    List<String> texts = List.of();
    List<Long> numbers = List.of();
    for (ValueInfoProto output : declared) {
      Optional<Node> map =
          graph.producer(output.getName()).filter(node -> node.operator().equals("ZipMap"));
      int type = output.getType().getTensorType().getElemType();
      if (map.isPresent() && scores == null) {
        graph.remove(map.get());
        graph.add(
            Node.of("Identity", "scores")
                .inputs(map.get().input(0))
                .outputs(output.getName())
                .build());
        copy.use("", 13);
        scores = output.getName();
        numbers = map.get().integers("classlabels_int64s");
        texts =
            map.get()
                .attribute("classlabels_strings")
                .map(AttributeProto::getStringsList)
                .map(list -> list.stream().map(text -> text.toStringUtf8()).toList())
                .orElse(List.of());
        answered.add(
            ValueInfoProto.newBuilder()
                .setName(output.getName())
                .setType(
                    TypeProto.newBuilder()
                        .setTensorType(
                            TypeProto.Tensor.newBuilder().setElemType(ElementType.FLOAT.code())))
                .build());
      } else if (type == ElementType.FLOAT.code() && scores == null) {
        scores = output.getName();
        answered.add(output);
      } else if ((type == ElementType.INT64.code() || type == TEXT) && label == null) {
        label = output.getName();
        textLabel = type == TEXT;
        answered.add(output);
      } else {
        throw new OptimizerException(
            "output '%s' is neither a label nor scores (expected: one of each at most)"
                .formatted(output.getName()));
      }
    }
    graph.redeclare(List.copyOf(graph.inputs()), answered);
    Path opened = folder.resolve("teacher.onnx");
    copy.write(opened);
    TabularTeacher teacher =
        new TabularTeacher(
            RunnableModel.open(opened, SessionSettings.DEFAULT),
            answered,
            label,
            textLabel,
            scores);
    teacher.texts = texts;
    teacher.numbers = numbers;
    return teacher;
  }

  /** A student of the same outputs. */
  static TabularTeacher opened(TabularTeacher teacher, Path file) {
    TabularTeacher student =
        new TabularTeacher(
            RunnableModel.open(file, SessionSettings.DEFAULT),
            teacher.outputs,
            teacher.label,
            teacher.textLabel,
            teacher.scores);
    student.texts = teacher.texts;
    student.numbers = teacher.numbers;
    return student;
  }

  RunnableModel model() {
    return model;
  }

  List<ValueInfoProto> outputs() {
    return outputs;
  }

  boolean isLabel(ValueInfoProto output) {
    return output.getName().equals(label);
  }

  boolean textLabel() {
    return textLabel;
  }

  /** The classes as text, in the order of the scores; empty if they are numbers. */
  List<String> texts() {
    return texts;
  }

  /** The classes as numbers, in the order of the scores; known once {@link #answers} ran. */
  List<Long> numbers() {
    return numbers;
  }

  Task task() {
    return label == null ? Task.NUMBERS : Task.CLASSES;
  }

  /** The scores of rows, or numbers; a label alone counts as certain. */
  DMatrixRMaj answers(TabularRows rows, DMatrixRMaj values) {
    List<float[]> found = new ArrayList<>();
    List<Long> labels = new ArrayList<>();
    int read = 0;
    for (List<TensorValue> run : rows.runs(values)) {
      Map<String, Tensor> answers = new HashMap<>();
      model.run(run).forEach(value -> answers.put(value.name(), value.tensor()));
      if (scores != null) {
        float[] part = tensor(answers, scores).floats();
        found.add(part);
        read += part.length;
      }
      if (label != null && !textLabel) {
        for (long value : tensor(answers, label).longs()) {
          labels.add(value);
        }
      }
    }
    if (scores == null) {
      return certain(labels);
    }
    int width = read / values.getNumRows();
    DMatrixRMaj matrix = new DMatrixRMaj(values.getNumRows(), width);
    int place = 0;
    for (float[] part : found) {
      for (float number : part) {
        matrix.set(place++, number);
      }
    }
    if (label != null && numbers.isEmpty() && texts.isEmpty()) {
      numbers = classesOf(matrix, labels);
    }
    return matrix;
  }

  private static Tensor tensor(Map<String, Tensor> answers, String name) {
    Tensor tensor = answers.get(name);
    if (tensor == null) {
      throw new OptimizerException("output '%s' is no tensor of numbers".formatted(name));
    }
    return tensor;
  }

  private DMatrixRMaj certain(List<Long> labels) {
    if (numbers.isEmpty()) {
      numbers = List.copyOf(new TreeSet<>(labels));
    }
    DMatrixRMaj matrix = new DMatrixRMaj(labels.size(), numbers.size());
    for (int row = 0; row < labels.size(); row++) {
      int place = numbers.indexOf(labels.get(row));
      if (place >= 0) {
        matrix.set(row, place, 1);
      }
    }
    return matrix;
  }

  /** Which label stands for which score, by the rows where that score is the largest. */
  private static List<Long> classesOf(DMatrixRMaj scores, List<Long> labels) {
    List<Long> classes = new ArrayList<>();
    for (int column = 0; column < scores.getNumCols(); column++) {
      classes.add((long) column);
    }
    for (int row = 0; row < labels.size(); row++) {
      classes.set(largest(scores, row), labels.get(row));
    }
    return classes;
  }

  static int largest(DMatrixRMaj scores, int row) {
    int best = 0;
    for (int column = 1; column < scores.getNumCols(); column++) {
      if (scores.get(row, column) > scores.get(row, best)) {
        best = column;
      }
    }
    return best;
  }

  @Override
  public void close() {
    model.close();
  }
}
