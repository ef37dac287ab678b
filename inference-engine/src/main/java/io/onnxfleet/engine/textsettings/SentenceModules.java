package io.onnxfleet.engine.textsettings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a sentence-transformers folder does with the transformer's answer.
 *
 * @param source the file that says so
 * @param pooling the modes, or null where the folder does not say
 * @param poolingSource the file that says so
 * @param includesPrompt false if a prompt's tokens are left out
 * @param dense folders of the layers behind the pooling, in order
 * @param normalizes true if vectors are scaled to length 1 at the end
 * @param isSparse true if it weighs the vocabulary instead of pooling vectors
 * @param refusal why vectors cannot be made as the folder says, or null
 */
record SentenceModules(
    String source,
    @Nullable List<PoolingMode> pooling,
    String poolingSource,
    boolean includesPrompt,
    List<String> dense,
    boolean normalizes,
    boolean isSparse,
    @Nullable String refusal) {

  static final String FILE = "modules.json";

  /** Of the library's own modules; any other is somebody's program. */
  private static final String LIBRARY = "sentence_transformers.";

  static final String POOLING_FILE = "1_Pooling/config.json";

  /** Begins the name of a mode's flag. */
  private static final String FLAG = "pooling_mode_";

  /** Of the folder, or empty if it says nothing of modules. */
  static Optional<SentenceModules> read(SideFiles files) {
    Optional<Path> modules = files.find(FILE);
    if (modules.isPresent()) {
      return Optional.of(of(files, SideJson.objects(files, modules.get())));
    }
    return files
        .find(POOLING_FILE)
        .map(file -> SideJson.object(files, file))
        .map(
            pooling ->
                new SentenceModules(
                    POOLING_FILE,
                    modesOf(pooling),
                    POOLING_FILE,
                    pooling.flag("include_prompt").orElse(true),
                    List.of(),
                    true,
                    false,
                    null));
  }

  private static SentenceModules of(SideFiles files, List<SideJson> listed) {
    List<SideJson> modules = inOrder(listed);
    List<PoolingMode> pooling = null;
    String poolingSource = FILE;
    boolean includesPrompt = true;
    List<String> dense = new ArrayList<>();
    boolean normalizes = false;
    String refusal = null;
    boolean pooled = false;
    boolean sparse = false;
    for (SideJson module : modules) {
      String type =
          module.string("type").orElseThrow(() -> module.wrong("type", "absent", "a string"));
      String kind = type.startsWith(LIBRARY) ? type.substring(type.lastIndexOf('.') + 1) : "";
      String path = module.string("path").orElse("");
      if (!path.isEmpty() && !SideFiles.isInside(path)) {
        throw module.wrong("path", path, "a folder of the model");
      }
      switch (kind) {
        case "Transformer", "MLMTransformer", "Dropout" -> {}
        case "SpladePooling" -> {
          sparse = true;
          String why = refusalOfSplade(files, module, path);
          refusal = why == null ? refusal : firstOf(refusal, why);
        }
        case "Pooling" -> {
          Optional<Path> file = files.find(path.isEmpty() ? "config.json" : path + "/config.json");
          if (file.isEmpty()) {
            throw module.wrong("path", path, "a folder with config.json");
          }
          if (pooled) {
            refusal = firstOf(refusal, "two Pooling modules");
          }
          SideJson config = SideJson.object(files, file.get());
          pooling = modesOf(config);
          poolingSource = config.file();
          includesPrompt = config.flag("include_prompt").orElse(true);
          pooled = true;
        }
        case "Dense" -> {
          if (!pooled) {
            refusal = firstOf(refusal, "a Dense layer that is not behind the pooling");
          } else if (normalizes) {
            refusal = firstOf(refusal, "a Dense layer behind Normalize");
          }
          dense.add(path);
        }
        case "Normalize" -> normalizes = true;
        default -> refusal = firstOf(refusal, "a module " + type);
      }
    }
    if (refusal == null && !pooled && !sparse) {
      refusal = "no Pooling among its modules";
    }
    return new SentenceModules(
        FILE,
        pooling,
        poolingSource,
        includesPrompt,
        dense,
        normalizes,
        sparse,
        refusal == null ? null : FILE + " has " + refusal);
  }

  /** Why weights cannot be made as that module says, or null. */
  private static @Nullable String refusalOfSplade(SideFiles files, SideJson module, String path) {
    Optional<Path> file = files.find(path.isEmpty() ? "config.json" : path + "/config.json");
    if (file.isEmpty()) {
      throw module.wrong("path", path, "a folder with config.json");
    }
    SideJson config = SideJson.object(files, file.get());
    String strategy = config.string("pooling_strategy").orElse("max");
    String activation = config.string("activation_function").orElse("relu");
    return strategy.equals("max") && activation.equals("relu")
        ? null
        : "a SpladePooling of %s and %s (expected max and relu)".formatted(strategy, activation);
  }

  private static String firstOf(@Nullable String before, String reason) {
    return before == null ? reason : before;
  }

  /** By their idx where each has one of its own, or else as listed. */
  private static List<SideJson> inOrder(List<SideJson> modules) {
    Set<Integer> seen = new HashSet<>();
    boolean numbered =
        modules.stream()
            .allMatch(module -> module.wholeNumber("idx").filter(seen::add).isPresent());
    return numbered
        ? modules.stream()
            .sorted(Comparator.comparing(module -> module.wholeNumber("idx").orElseThrow()))
            .toList()
        : modules;
  }

  /**
   * The modes of a pooling's configuration, which either names them or has a flag for each. Without
   * any of these it is the mean, as in sentence-transformers. A flag of a mode that is not known
   * here is refused where it is true.
   */
  private static List<PoolingMode> modesOf(SideJson config) {
    List<String> names = config.strings("pooling_mode");
    if (!names.isEmpty()) {
      List<PoolingMode> modes = PoolingMode.parse(String.join("+", names));
      if (modes.isEmpty()) {
        throw config.wrong(
            "pooling_mode", String.join("+", names), "one of " + PoolingMode.labels());
      }
      return modes;
    }
    Set<String> flags =
        Arrays.stream(PoolingMode.values()).map(PoolingMode::flag).collect(Collectors.toSet());
    for (String key : config.keys()) {
      if (key.startsWith(FLAG) && !flags.contains(key) && config.flag(key).orElse(false)) {
        throw config.wrong(key, "true", "one of " + PoolingMode.labels());
      }
    }
    Set<PoolingMode> modes = EnumSet.noneOf(PoolingMode.class);
    boolean said = false;
    for (PoolingMode mode : PoolingMode.values()) {
      Optional<Boolean> flag = config.flag(mode.flag());
      said |= flag.isPresent();
      if (flag.orElse(false)) {
        modes.add(mode);
      }
    }
    if (modes.isEmpty() && said && config.flag(PoolingMode.MEAN.flag()).isPresent()) {
      throw config.wrong("pooling_mode_...", "all false", "one that is true");
    }
    return modes.isEmpty() ? List.of(PoolingMode.MEAN) : List.copyOf(modes);
  }
}
