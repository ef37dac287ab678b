package io.onnxfleet.engine.loading.open;

import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.loading.rows.ServingTerms;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.runtime.NodePlacement;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A model version whose instances are warm and take requests.
 *
 * @param folder the model's folder
 * @param signature what the model declares
 * @param execution what its sessions really run on
 * @param content what its files were when it was loaded
 * @param labels of the classes of those outputs that have any, by the output's name
 */
public record LoadedVersion(
    ModelVersionId id,
    Path folder,
    ModelConfig config,
    ModelSignature signature,
    InstanceGroup group,
    Execution execution,
    ContentDigest content,
    Map<String, List<String>> labels) {

  public LoadedVersion {
    labels = Map.copyOf(labels);
  }

  /**
   * What sessions really run on.
   *
   * @param provider that was taken
   * @param notes why preferred ones were not
   * @param nodes where the nodes of the graph went
   */
  public record Execution(ExecutionProvider provider, List<String> notes, NodePlacement nodes) {
    public Execution {
      notes = List.copyOf(notes);
    }

    static Execution of(ModelSession session) {
      return new Execution(
          session.executionProvider(), session.providerNotes(), session.nodePlacement());
    }
  }

  /** What its sessions really run on. */
  public ExecutionProvider executionProvider() {
    return execution.provider();
  }

  /** The same version after its folder's configuration has changed. */
  LoadedVersion with(Path otherFolder, ModelConfig otherConfig) {
    return new LoadedVersion(
        id, otherFolder, otherConfig, signature, group, execution, content, labels);
  }

  /** True if its configuration merges requests whatever is found out about it. */
  public boolean mergesAnyway() {
    return ServingTerms.mergesAnyway(config);
  }

  /** Runs requests as they come from now on, for that reason; at once; false if it did before. */
  public boolean stopMerging(String reason) {
    return group.stopMerging("requests run as they come: " + reason);
  }
}
