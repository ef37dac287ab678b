package io.onnxfleet.engine.repository.config;

import io.onnxfleet.engine.repository.proto.ModelConfigProto;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a {@code config.pbtxt} says, well-formed but not yet compared with the model. Immutable. */
public final class DeclaredConfig {
  private final String source;
  private final ModelConfigProto proto;
  private final VersionPolicy versionPolicy;
  private final String defaultModelFilename;

  DeclaredConfig(String source, ModelConfigProto proto) {
    this.source = source;
    this.proto = proto;
    this.versionPolicy = ConfigSections.versionPolicy(proto);
    this.defaultModelFilename =
        proto.getDefaultModelFilename().isEmpty()
            ? ModelConfig.DEFAULT_MODEL_FILENAME
            : FileNames.checked("default_model_filename", proto.getDefaultModelFilename());
  }

  /** Where it was read, for messages. */
  public String source() {
    return source;
  }

  /** The model's name, or empty if the folder gives it. */
  public String name() {
    return proto.getName();
  }

  /** The file in a version's folder that holds the model. */
  public String defaultModelFilename() {
    return defaultModelFilename;
  }

  public VersionPolicy versionPolicy() {
    return versionPolicy;
  }

  /** The executors asked for; empty leaves them to the engine. */
  public List<InstanceGroupConfig> instanceGroups() {
    return ConfigSections.instanceGroups(name(), proto);
  }

  /** How the graph is to be executed. */
  public OptimizationConfig optimization() {
    return ConfigSections.optimization(proto);
  }

  /** Free text by name. */
  public Map<String, String> parameters() {
    return ConfigSections.parameters(proto);
  }

  /** The name of a feature that it asks for and that is not served, or empty if all are. */
  public Optional<String> unservedFeature() {
    return UnservedFeatures.first(proto);
  }

  ModelConfigProto proto() {
    return proto;
  }

  @Override
  public String toString() {
    return source;
  }
}
