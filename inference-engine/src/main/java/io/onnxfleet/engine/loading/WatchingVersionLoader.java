package io.onnxfleet.engine.loading;

import io.onnxfleet.engine.instance.AnswerComparison;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.notes.UnmergeableModels;
import io.onnxfleet.engine.proof.GraphFacts;
import io.onnxfleet.engine.proof.TensorComparison;
import io.onnxfleet.engine.proof.Tolerance;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has merged requests of loaded versions compared with the same requests alone, and no longer
 * merges where one differed or was seen to before. Not where a configuration merges whatever comes
 * of it. Thread-safe.
 */
final class WatchingVersionLoader implements VersionLoader {
  private static final Logger log = LoggerFactory.getLogger(WatchingVersionLoader.class);

  /**
   * Batches of many rows and rows that were filled up are added up in other orders than a row
   * alone: the answers that callers get are held to ten times what the proof allows.
   */
  private static final double ROUNDING = 10;

  private final VersionLoader loader;
  private final UnmergeableModels unmergeable;
  private final Supplier<RandomGenerator> random;
  private final LongSupplier cpuNanos;

  WatchingVersionLoader(
      VersionLoader loader,
      UnmergeableModels unmergeable,
      Supplier<RandomGenerator> random,
      LongSupplier cpuNanos) {
    this.cpuNanos = cpuNanos;
    this.loader = loader;
    this.unmergeable = unmergeable;
    this.random = random;
  }

  @Override
  public LoadedVersion load(ModelFolder folder, Version version, Consumer<String> progress) {
    long begin = cpuNanos.getAsLong();
    LoadedVersion loaded = loader.load(folder, version, progress);
    long computed = cpuNanos.getAsLong() - begin;
    if (loaded.config().isBatched() && !loaded.mergesAnyway()) {
      unmergeable
          .reason(loaded.content())
          .ifPresentOrElse(
              reason -> {
                boolean _ = loaded.stopMerging(reason);
              },
              () -> watch(loaded, version, computed));
    }
    return loaded;
  }

  private void watch(LoadedVersion loaded, Version version, long computed) {
    loaded
        .group()
        .watch(
            comparison(loaded, GraphFacts.of(version.modelFile())),
            random.get(),
            computed,
            how -> {
              log.error("{} is no longer merged: {}", loaded.id(), how);
              boolean _ = loaded.stopMerging(how);
              unmergeable.found(loaded.content(), how);
            });
  }

  private static AnswerComparison comparison(LoadedVersion loaded, GraphFacts facts) {
    Set<String> maps =
        loaded.signature().outputs().stream()
            .filter(output -> output.form() == TensorSpec.Form.MAPS)
            .map(TensorSpec::name)
            .collect(Collectors.toSet());
    return (output, given, alone) -> difference(output, given, alone, maps, facts);
  }

  private static Optional<String> difference(
      String output, Tensor given, Tensor alone, Set<String> maps, GraphFacts facts) {
    boolean isMap = maps.contains(output);
    Tolerance proven = Tolerance.of(output, isMap ? DataType.FP32 : alone.dataType(), facts);
    double largest =
        Math.max(
            TensorComparison.largestMagnitude(given), TensorComparison.largestMagnitude(alone));
    String difference =
        TensorComparison.difference(
            alone,
            given,
            isMap,
            new Tolerance(ROUNDING * proven.relative(), proven.absolute()),
            largest);
    return difference == null
        ? Optional.empty()
        : Optional.of("%s in company, %s alone".formatted(given, alone));
  }

  @Override
  public @Nullable LoadedVersion rearrange(
      LoadedVersion loaded, ModelFolder folder, Version version) {
    return loader.rearrange(loaded, folder, version);
  }

  @Override
  public boolean lift(ModelFolder folder) {
    return loader.lift(folder);
  }

  @Override
  public boolean isSame(LoadedVersion loaded, ModelFolder folder, Version version) {
    return loader.isSame(loaded, folder, version);
  }

  @Override
  public void closed(LoadedVersion loaded) {
    loader.closed(loaded);
  }

  @Override
  public void close() {
    loader.close();
  }
}
