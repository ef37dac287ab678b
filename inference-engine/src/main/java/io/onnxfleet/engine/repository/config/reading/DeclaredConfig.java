package io.onnxfleet.engine.repository.config.reading;

import io.onnxfleet.engine.repository.config.InstanceGroupConfig;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.OptimizationConfig;
import io.onnxfleet.engine.repository.config.VersionPolicy;
import io.onnxfleet.engine.repository.proto.InstanceGroupProto;
import io.onnxfleet.engine.repository.proto.ModelConfigProto;
import io.onnxfleet.engine.repository.proto.ParameterProto;
import io.onnxfleet.engine.textsettings.SideFiles;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code config.pbtxt} says, well-formed but not yet compared with the model. Immutable;
 * equal to one that says the same elsewhere.
 */
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
            : FileNames.checked(
                "default_model_filename", withoutHubFolder(proto.getDefaultModelFilename()));
  }

  /** In the hub's layout it is natural to write the folder too. */
  private static String withoutHubFolder(String filename) {
    String folder = SideFiles.HUB_FOLDER + "/";
    return filename.startsWith(folder) ? filename.substring(folder.length()) : filename;
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

  /**
   * True if two configurations, of which null is an empty one, ask for the same but for the number
   * and place of instances and for the versions to serve: nothing that a running version would have
   * to be loaded anew for.
   */
  public static boolean isSameModel(@Nullable DeclaredConfig one, @Nullable DeclaredConfig other) {
    return model(one).equals(model(other));
  }

  /** That part of a configuration, as a text. */
  public static String modelText(@Nullable DeclaredConfig config) {
    return model(config).toString();
  }

  /** The same with one instance, of the first group's kind and on its first device. */
  public static @Nullable DeclaredConfig withOneInstance(@Nullable DeclaredConfig config) {
    if (config == null || config.proto.getInstanceGroupCount() == 0) {
      return config;
    }
    InstanceGroupProto first = config.proto.getInstanceGroup(0);
    InstanceGroupProto.Builder one = first.toBuilder().setCount(1).clearGpus();
    if (first.getGpusCount() > 0) {
      one.addGpus(first.getGpus(0));
    }
    return new DeclaredConfig(
        config.source, config.proto.toBuilder().clearInstanceGroup().addInstanceGroup(one).build());
  }

  /** The same with these parameters and no others. */
  public static @Nullable DeclaredConfig withParameters(
      @Nullable DeclaredConfig config, Map<String, String> parameters) {
    if (config == null && parameters.isEmpty()) {
      return null;
    }
    ModelConfigProto.Builder proto =
        config == null ? ModelConfigProto.newBuilder() : config.proto.toBuilder();
    proto.clearParameters();
    parameters.forEach(
        (name, value) ->
            proto.putParameters(name, ParameterProto.newBuilder().setStringValue(value).build()));
    return new DeclaredConfig(config == null ? "the model's folder" : config.source, proto.build());
  }

  private static ModelConfigProto model(@Nullable DeclaredConfig config) {
    return config == null
        ? ModelConfigProto.getDefaultInstance()
        : config.proto.toBuilder().clearInstanceGroup().clearVersionPolicy().build();
  }

  /** True if both ask for the same instances. */
  public static boolean hasSameInstances(
      @Nullable DeclaredConfig one, @Nullable DeclaredConfig other) {
    return instances(one).equals(instances(other));
  }

  private static List<InstanceGroupProto> instances(@Nullable DeclaredConfig config) {
    return config == null ? List.of() : config.proto.getInstanceGroupList();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof DeclaredConfig config && proto.equals(config.proto);
  }

  @Override
  public int hashCode() {
    return proto.hashCode();
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
