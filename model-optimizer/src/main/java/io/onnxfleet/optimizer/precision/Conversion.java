package io.onnxfleet.optimizer.precision;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.calibrate.OpenedModel;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.OperatorSetUpgrade;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.precision.PrecisionConversion.Outcome;
import io.onnxfleet.optimizer.precision.PrecisionConversion.Unfit;
import io.onnxfleet.optimizer.runtime.ModelCrashException;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** One model that {@link PrecisionConversion} changes. Not thread-safe. */
final class Conversion {
  /** How many inner values are held at once. */
  private static final int VALUES_AT_ONCE = 16;

  /** Shorter constants would save less than the node costs that widens them again. */
  private static final int LEAST_ELEMENTS = 256;

  /** What puts constants that only mean "very large" among other numbers. */
  private static final Set<String> MASKING =
      Set.of("Add", "Sub", "Mul", "Where", "Clip", "Min", "Max");

  private static final String BASE = "base.onnx";

  private final Path file;
  private final Path folder;
  private final PrecisionOptions options;
  private final IntConsumer progress;

  private int runs;

  /** What the search for nodes that can be converted has found so far. */
  private static final class Findings {
    private final Set<String> accepted = new LinkedHashSet<>();
    private final List<String> inexact = new ArrayList<>();
    private final List<Unfit> unfit = new ArrayList<>();

    boolean leavesSomething() {
      return !inexact.isEmpty() || !unfit.isEmpty();
    }
  }

  /**
   * @param folder for files that the caller removes
   * @param progress told how many candidates were tried
   */
  Conversion(Path file, Path folder, PrecisionOptions options, IntConsumer progress) {
    this.file = file;
    this.folder = folder;
    this.options = options;
    this.progress = progress;
  }

  /**
   * Converts.
   *
   * @throws OptimizerException if nothing can be converted or the outputs would be off by more than
   *     allowed; a node is named
   */
  Outcome run(RunnableModel original, SampleSet samples) {
    OnnxModel.read(file).graph().requireNodes(options.blockedNodes(), "blocked");
    List<List<TensorValue>> answers = answers(original, samples);
    return options.storesWeights() ? storeWeights(samples, answers) : convert(samples, answers);
  }

  private Outcome storeWeights(SampleSet samples, List<List<TensorValue>> answers) {
    ElementType type =
        options.precision() == Precision.BF16 ? ElementType.BFLOAT16 : ElementType.FLOAT16;
    OnnxModel model = OnnxModel.read(file);
    if (type == ElementType.BFLOAT16) {
      // Cast knows it since then.
      OperatorSetUpgrade.apply(model);
    }
    Graph graph = model.graph();
    int stored = 0;
    int all = 0;
    for (String name : graph.constants()) {
      @Nullable Tensor tensor =
          graph
              .constant(name)
              .filter(found -> found.type() == ElementType.FLOAT)
              .filter(found -> found.elements() >= LEAST_ELEMENTS)
              .orElse(null);
      if (tensor == null || graph.isOutput(name)) {
        continue;
      }
      all++;
      if (type == ElementType.BFLOAT16 || !HalfTensors.hasVeryLarge(tensor)) {
        String half = graph.freshName(name + "_" + type.name().toLowerCase(java.util.Locale.ROOT));
        graph.addConstant(half, HalfTensors.of(tensor, type));
        graph.replaceConstant(
            name,
            Node.of("Cast", half + "_cast")
                .inputs(half)
                .outputs(name)
                .with("to", ElementType.FLOAT.code())
                .build());
        stored++;
      }
    }
    if (stored == 0) {
      throw new OptimizerException(
          "%s: nothing to convert (expected: FP32 weights of at least %d numbers)"
              .formatted(file, LEAST_ELEMENTS));
    }
    OutputError error = error(model, samples, answers);
    if (!(error.relativeError() <= options.maxRelativeError())) {
      throw refused(error.relativeError(), "the weights of " + graph.nodes().getFirst());
    }
    return new Outcome(
        options,
        model,
        stored,
        all,
        List.of(),
        List.of(),
        List.of(),
        error,
        (original, others) -> error(model, others, answers(original, others)));
  }

  private Outcome convert(SampleSet samples, List<List<TensorValue>> answers) {
    Path base = folder.resolve(BASE);
    OnnxModel model = OnnxModel.read(file);
    Set<String> overflowing = withoutVeryLarge(model.graph());
    model.write(base);
    Map<String, ElementType> found = new HashMap<>();
    overflowing.addAll(overflowing(base, samples, found));
    List<Node> all = HalfGraph.candidates(OnnxModel.read(base), found, options);
    List<Node> candidates = new ArrayList<>();
    List<String> overflow = new ArrayList<>();
    for (Node node : all) {
      boolean overflows =
          node.inputs().stream().anyMatch(overflowing::contains)
              || node.outputs().stream().anyMatch(overflowing::contains);
      if (overflows) {
        overflow.add(node.description());
      } else {
        candidates.add(node);
      }
    }
    if (candidates.isEmpty()) {
      throw new OptimizerException(
          "%s: nothing can be converted: %s"
              .formatted(
                  file,
                  overflow.isEmpty()
                      ? HalfGraph.obstacle(OnnxModel.read(base), found)
                          .map(node -> node.description() + " does not compute in FP16")
                          .orElse("no node computes in FP32")
                      : overflow.getFirst() + " overflows FP16"));
    }
    Findings findings = new Findings();
    accept(candidates, findings, base, found, samples, answers);
    if (findings.accepted.isEmpty()
        || (findings.leavesSomething() && options.precision() == Precision.FP16)) {
      String hint = options.precision() == Precision.MIXED ? "" : " (MIXED would leave it in FP32)";
      throw findings.unfit.isEmpty()
          ? refused(options.maxRelativeError(), findings.inexact.getFirst() + hint)
          : new OptimizerException(
              "%s: in FP16, %s%s".formatted(file, findings.unfit.getFirst(), hint));
    }
    Set<String> accepted = findings.accepted;
    return new Outcome(
        options,
        converted(base, found, accepted),
        accepted.size(),
        all.size(),
        overflow,
        findings.inexact,
        findings.unfit,
        error(base, found, accepted, samples, answers),
        (original, others) -> error(base, found, accepted, others, answers(original, others)));
  }

  private static List<List<TensorValue>> answers(RunnableModel original, SampleSet samples) {
    return OutputError.answers(original, samples, _ -> {});
  }

  private OptimizerException refused(double error, String where) {
    return new OptimizerException(
        "%s: the relative error would exceed %.1e (expected: <= %.1e), because of %s"
            .formatted(file, error, options.maxRelativeError(), where));
  }

  /** Takes nodes into the accepted ones, all at once if that goes well, else half by half. */
  private void accept(
      List<Node> nodes,
      Findings findings,
      Path base,
      Map<String, ElementType> types,
      SampleSet samples,
      List<List<TensorValue>> answers) {
    if (findings.leavesSomething() && options.precision() == Precision.FP16) {
      // One is enough to refuse.
      return;
    }
    Set<String> tried = new LinkedHashSet<>(findings.accepted);
    nodes.forEach(node -> tried.add(node.output()));
    boolean good = false;
    @Nullable OptimizerException failure = null;
    try {
      good =
          error(base, types, tried, samples, answers).relativeError() <= options.maxRelativeError();
    } catch (OptimizerException refused) {
      // ONNX Runtime may not know one of them in FP16, or crash.
      failure = refused;
    }
    if (good) {
      findings.accepted.addAll(tried);
    } else if (nodes.size() > 1) {
      int middle = nodes.size() / 2;
      accept(nodes.subList(0, middle), findings, base, types, samples, answers);
      accept(nodes.subList(middle, nodes.size()), findings, base, types, samples, answers);
    } else if (failure == null) {
      findings.inexact.add(nodes.getFirst().description());
    } else {
      findings.unfit.add(
          new Unfit(
              nodes.getFirst().description(),
              reason(failure),
              failure instanceof ModelCrashException));
    }
  }

  /** The first line of what was said, without the file, which nobody knows. */
  private String reason(OptimizerException failure) {
    String said = String.valueOf(failure.getMessage());
    String own = candidate() + ": ";
    return (said.startsWith(own) ? said.substring(own.length()) : said)
        .lines()
        .findFirst()
        .orElse("");
  }

  private Path candidate() {
    return folder.resolve("candidate.onnx");
  }

  private OnnxModel converted(Path base, Map<String, ElementType> types, Set<String> chosen) {
    OnnxModel model = OnnxModel.read(base);
    HalfGraph.apply(model, types, chosen, options.keepIo());
    return model;
  }

  /** The larger of two errors: of the model itself, and of one that rounds as a GPU would. */
  private OutputError error(
      Path base,
      Map<String, ElementType> types,
      Set<String> chosen,
      SampleSet samples,
      List<List<TensorValue>> answers) {
    OutputError own = error(converted(base, types, chosen), samples, answers);
    OnnxModel emulated = OnnxModel.read(base);
    HalfGraph.emulate(emulated, types, chosen);
    OutputError rounded = error(emulated, samples, answers);
    // What is no number is the larger one.
    return own.relativeError() <= rounded.relativeError() || Double.isNaN(rounded.relativeError())
        ? rounded
        : own;
  }

  private OutputError error(OnnxModel model, SampleSet samples, List<List<TensorValue>> answers) {
    Path candidate = candidate();
    model.write(candidate);
    progress.accept(++runs);
    try (RunnableModel opened = RunnableModel.open(candidate, SessionSettings.DEFAULT)) {
      return OutputError.between(samples, answers, OutputError.answers(opened, samples, _ -> {}));
    }
  }

  /**
   * Constants that mask.
   *
   * @return those that are too large for FP16 and mean what they say
   */
  private static Set<String> withoutVeryLarge(Graph graph) {
    Set<String> large = new HashSet<>();
    for (String name : graph.constants()) {
      @Nullable Tensor tensor =
          graph
              .constant(name)
              .filter(found -> found.type() == ElementType.FLOAT)
              .filter(HalfTensors::hasVeryLarge)
              .orElse(null);
      if (tensor == null) {
        continue;
      }
      if (graph.consumers(name).stream().allMatch(node -> MASKING.contains(node.operator()))) {
        graph.replaceConstant(name, HalfTensors.withoutVeryLarge(tensor));
      } else {
        large.add(name);
      }
    }
    return large;
  }

  /** The values that exceed FP16 for some sample; finds the types of all on the way. */
  private Set<String> overflowing(Path base, SampleSet samples, Map<String, ElementType> types) {
    OnnxModel model = OnnxModel.read(base);
    List<String> values = new ArrayList<>();
    model.graph().inputs().stream()
        .filter(input -> input.getType().hasTensorType())
        .forEach(
            input ->
                ElementType.of(input.getType().getTensorType().getElemType())
                    .ifPresent(type -> types.put(input.getName(), type)));
    for (Node node : model.graph().sort()) {
      if (!node.is("Constant")) {
        node.outputs().stream().filter(output -> !output.isEmpty()).forEach(values::add);
      }
    }
    Set<String> overflowing = new HashSet<>();
    Path opened = folder.resolve("opened.onnx");
    for (int from = 0; from < values.size(); from += VALUES_AT_ONCE) {
      List<String> some = values.subList(from, Math.min(values.size(), from + VALUES_AT_ONCE));
      try (OpenedModel open = OpenedModel.of(base, some, opened)) {
        types.putAll(open.types());
        for (List<TensorValue> sample : samples.samples()) {
          open.values(sample)
              .forEach(
                  (value, tensor) -> {
                    if (types.get(value) == ElementType.FLOAT && overflows(tensor)) {
                      overflowing.add(value);
                    }
                  });
        }
      }
    }
    return overflowing;
  }

  private static boolean overflows(Tensor tensor) {
    FloatBuffer numbers = tensor.floatBuffer();
    while (numbers.hasRemaining()) {
      float number = numbers.get();
      if (Math.abs(number) >= HalfTensors.OVERFLOW && !Float.isInfinite(number)) {
        return true;
      }
    }
    return false;
  }
}
