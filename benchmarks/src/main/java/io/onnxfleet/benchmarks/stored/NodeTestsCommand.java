package io.onnxfleet.benchmarks.stored;

import com.google.protobuf.ByteString;
import io.onnxfleet.benchmarks.stored.Agreement.Tolerance;
import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.testing.model.StoredTensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code node-tests}: what the ONNX Runtime of this class path does with operator tests in ONNX's
 * layout. A line for each: its name, then {@code pass}, {@code wrong} with the first difference,
 * {@code refused} with the reason, or {@code left-out}. The name is written before the test begins:
 * where nothing follows it, the test has ended the process.
 */
@Command(
    name = "node-tests",
    description = "Runs ONNX's operator tests in this process, and compares by value.",
    sortOptions = false,
    mixinStandardHelpOptions = true)
public final class NodeTestsCommand implements Callable<Integer> {
  /** Random by definition, or with inputs and outputs in messages of their own. */
  private static final Pattern LEFT_OUT =
      Pattern.compile(".*(dropout|bernoulli|multinomial|random|optional|_opt$|loop16).*");

  /** Of the largest number of an output: sums of large numbers come near 0 by rounding only. */
  private static final double ABSOLUTE = 1e-5;

  private static final double RELATIVE = 1e-3;
  private static final double OF_HALF = 2e-2;

  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--folder", required = true, paramLabel = "FOLDER", description = "The tests.")
  private Path folder = Path.of("");

  @Option(
      names = "--after",
      paramLabel = "NAME",
      description = "Begins behind that test, which ended the process before this one.")
  private String after = "";

  @Override
  public Integer call() throws IOException {
    CommandSpec injected = spec;
    if (injected == null) {
      throw new IllegalStateException("run by picocli only");
    }
    PrintWriter out = injected.commandLine().getOut();
    BufferPool pool = BufferPool.ofDefaults();
    OnnxRuntime runtime = new OnnxRuntime(pool);
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path test :
          entries
              .filter(entry -> Files.exists(entry.resolve("model.onnx")))
              .filter(entry -> entry.getFileName().toString().compareTo(after) > 0)
              .sorted()
              .toList()) {
        out.print(test.getFileName() + "\t");
        out.flush();
        out.println(result(runtime, pool, test).replaceAll("\\s+", " "));
        out.flush();
      }
    }
    return 0;
  }

  private static String result(OnnxRuntime runtime, BufferPool pool, Path test) {
    if (LEFT_OUT.matcher(test.getFileName().toString()).matches()) {
      return "left-out";
    }
    try (ModelSession session = runtime.open(test.resolve("model.onnx"), SessionOptions.cpu(1))) {
      List<TensorSpec> ports = new ArrayList<>(session.signature().inputs());
      ports.addAll(session.signature().outputs());
      if (ports.stream().anyMatch(port -> port.form() != TensorSpec.Form.TENSOR)) {
        return "left-out";
      }
      for (Path set : StoredSets.in(test).folders()) {
        Agreement agreement = run(session, pool, set);
        if (!agreement.agrees()) {
          return "wrong " + agreement.difference();
        }
      }
      return "pass";
    } catch (InferenceException refused) {
      return "refused " + refused.getMessage();
    } catch (IOException unreadable) {
      return "left-out " + unreadable.getMessage();
    }
  }

  private static Agreement run(ModelSession session, BufferPool pool, Path set) throws IOException {
    List<NamedTensor> inputs = new ArrayList<>();
    List<Tensor> outputs = new ArrayList<>();
    try {
      for (int index = 0; index < session.signature().inputs().size(); index++) {
        Path file = set.resolve("input_" + index + ".pb");
        if (Files.exists(file)) {
          inputs.add(
              new NamedTensor(
                  session.signature().inputs().get(index).name(),
                  tensor(pool, StoredTensor.read(file))));
        }
      }
      outputs.addAll(
          session.run(
              inputs, session.signature().outputs().stream().map(TensorSpec::name).toList()));
      Agreement all = Agreement.WHOLE;
      for (int index = 0; index < outputs.size() && all.agrees(); index++) {
        StoredTensor expected = StoredTensor.read(set.resolve("output_" + index + ".pb"));
        all = all.and(compare(stored(outputs.get(index)), expected));
      }
      return all;
    } finally {
      inputs.forEach(input -> input.tensor().close());
      outputs.forEach(Tensor::close);
    }
  }

  private static Tensor tensor(BufferPool pool, StoredTensor stored) {
    Tensor tensor =
        Tensor.ofByteSize(
            pool,
            DataType.parse(stored.type().name()),
            Shape.of(stored.shape().stream().mapToLong(Long::longValue).toArray()),
            stored.data().size());
    tensor.data().put(stored.data().asReadOnlyByteBuffer());
    return tensor;
  }

  private static StoredTensor stored(Tensor tensor) {
    List<Long> shape = Arrays.stream(tensor.shape().dims()).boxed().toList();
    return new StoredTensor(
        Datatype.valueOf(tensor.dataType().name()), shape, ByteString.copyFrom(tensor.data()));
  }

  private static Agreement compare(StoredTensor actual, StoredTensor expected) {
    String declared = expected.declared();
    String got = actual.declared();
    if (!declared.equals(got)) {
      return Agreement.disagreement("%s (expected %s)".formatted(got, declared));
    }
    double largest = 1;
    for (Object element : expected.elements()) {
      if (element instanceof Double number && Double.isFinite(number)) {
        largest = Math.max(largest, Math.abs(number));
      }
    }
    boolean half = actual.type() == Datatype.FP16 || actual.type() == Datatype.BF16;
    return Agreement.of(
        actual.elements(),
        expected.elements(),
        half ? new Tolerance(OF_HALF, OF_HALF) : new Tolerance(RELATIVE, ABSOLUTE * largest));
  }
}
