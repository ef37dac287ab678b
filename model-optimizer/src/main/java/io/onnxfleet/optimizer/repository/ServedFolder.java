package io.onnxfleet.optimizer.repository;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.textsettings.SideFiles;
import io.onnxfleet.engine.textsettings.TextFolder;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.proto.TensorShapeProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model folder in any layout that the fleet serves, read as the fleet reads it, and of its
 * versions the latest.
 *
 * @param name of the model
 * @param file that holds it
 * @param files beside and above it
 * @param parameters declared ones, completed by what the folder says of texts
 */
public record ServedFolder(
    String name,
    long version,
    Path file,
    SideFiles files,
    List<TensorSpec> inputs,
    List<TensorSpec> outputs,
    Map<String, String> parameters) {
  private static final String EXPECTED = "(expected: a model folder that the fleet serves)";

  public ServedFolder {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    parameters = Map.copyOf(parameters);
  }

  /**
   * Reads one.
   *
   * @throws OptimizerException if the fleet would not serve it, and why
   */
  public static ServedFolder read(Path place) {
    Path folder = place.toAbsolutePath().normalize();
    Path parent = folder.getParent();
    if (parent == null || !Files.isDirectory(folder)) {
      throw new OptimizerException("%s: no folder %s".formatted(place, EXPECTED));
    }
    try {
      return new FolderModelRepository(parent)
          .find(String.valueOf(folder.getFileName()))
          .map(found -> read(place, found))
          .orElseThrow(() -> new OptimizerException("%s %s".formatted(place, EXPECTED)));
    } catch (InferenceException refused) {
      throw new OptimizerException("%s: %s".formatted(place, refused.getMessage()), refused);
    }
  }

  private static ServedFolder read(Path place, io.onnxfleet.engine.repository.ModelFolder found) {
    String problem = found.problem();
    if (problem != null || found.servedVersions().isEmpty()) {
      throw new OptimizerException("%s: %s %s".formatted(place, problem, EXPECTED));
    }
    Version version = found.servedVersions().getLast();
    if (version.problem() != null) {
      throw new OptimizerException("%s: %s %s".formatted(place, version.problem(), EXPECTED));
    }
    OnnxModel onnx = OnnxModel.read(version.modelFile());
    List<TensorSpec> inputs =
        onnx.graph().requiredInputs().stream().map(ServedFolder::spec).toList();
    List<TensorSpec> outputs = onnx.graph().outputs().stream().map(ServedFolder::spec).toList();
    SideFiles files = SideFiles.of(found.path(), version.number());
    DeclaredConfig config = found.config();
    boolean inTritonsLayout =
        version.modelFile().startsWith(found.path().resolve(Long.toString(version.number())));
    Map<String, String> parameters =
        TextFolder.complete(
            new TextFolder.Model(
                found.path(),
                version.modelFile(),
                files,
                config == null && !inTritonsLayout,
                inputs,
                outputs),
            config == null ? Map.of() : config.parameters());
    return new ServedFolder(
        found.name(), version.number(), version.modelFile(), files, inputs, outputs, parameters);
  }

  /** What a model declares of a value; what it leaves open is variable. */
  private static TensorSpec spec(ValueInfoProto value) {
    var type = value.getType().getTensorType();
    long[] dimensions =
        type.getShape().getDimList().stream().mapToLong(ServedFolder::dimension).toArray();
    return new TensorSpec(
        value.getName(),
        dataType(type.getElemType()).orElse(DataType.BYTES),
        Shape.of(dimensions),
        false,
        Collections.nCopies(dimensions.length, ""));
  }

  private static long dimension(TensorShapeProto.Dimension dimension) {
    return dimension.hasDimValue() && dimension.getDimValue() > 0 ? dimension.getDimValue() : -1;
  }

  /** Of the types that text models have; no other is asked about. */
  private static Optional<DataType> dataType(int code) {
    return switch (code) {
      case 1 -> Optional.of(DataType.FP32);
      case 6 -> Optional.of(DataType.INT32);
      case 7 -> Optional.of(DataType.INT64);
      case 10 -> Optional.of(DataType.FP16);
      case 11 -> Optional.of(DataType.FP64);
      case 16 -> Optional.of(DataType.BF16);
      default -> Optional.empty();
    };
  }
}
