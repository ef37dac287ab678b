package io.onnxfleet.engine;

import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.runtime.NodePlacement;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What a caller may know of a served model version.
 *
 * @param versions all READY versions, ascending
 * @param version the one described here
 * @param inputs with the batch dimension, if it has one, as -1
 * @param outputs likewise
 * @param maxBatchSize rows of the largest batch; 0 if requests carry no batch dimension
 * @param executionProvider what its sessions really run on, for example {@code cpu}
 * @param providerNotes why preferred providers were not taken
 * @param nodePlacement where the nodes of its graph went
 * @param parameters the free parameters of its configuration
 * @param folder the model's folder
 * @param load stands for the load that made it READY; equal to itself alone
 * @param content what the version's files were when it was loaded
 * @param labels of the classes of those outputs that have any, by the output's name
 */
public record ModelMetadata(
    String name,
    List<Long> versions,
    long version,
    String platform,
    List<TensorSpec> inputs,
    List<TensorSpec> outputs,
    int maxBatchSize,
    String executionProvider,
    List<String> providerNotes,
    NodePlacement nodePlacement,
    int instances,
    Map<String, String> parameters,
    Path folder,
    Object load,
    ContentDigest content,
    Map<String, List<String>> labels) {

  /** ONNX models are all that is served. */
  public static final String PLATFORM = "onnxruntime_onnx";

  public ModelMetadata {
    versions = List.copyOf(versions);
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    providerNotes = List.copyOf(providerNotes);
    parameters = Map.copyOf(parameters);
    labels = Map.copyOf(labels);
  }
}
