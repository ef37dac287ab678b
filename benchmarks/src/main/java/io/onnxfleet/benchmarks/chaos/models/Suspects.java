package io.onnxfleet.benchmarks.chaos.models;

import io.onnxfleet.benchmarks.models.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Models that a replica had better not trust. */
public final class Suspects {
  private static final long LARGEST_SEED = 8192;

  private static final String CONFIG =
      """
      max_batch_size: 4
      input [ { name: "x" data_type: TYPE_FP32 dims: [ 8 ] } ]
      output [ { name: "y" data_type: TYPE_FP32 dims: [ 8 ] } ]
      dynamic_batching { preferred_batch_size: [ 2, 4 ] max_queue_delay_microseconds: 100 }
      instance_group [ { kind: KIND_CPU count: 1 } ]
      parameters: { key: "shape_ladder" value: { string_value: "on" } }
      model_warmup [ { name: "w" batch_size: 1 inputs { key: "x"
        value { data_type: TYPE_FP32 dims: [ 8 ] random_data: true } } } ]
      """;

  private final List<byte[]> seeds = new ArrayList<>(List.of(TinyModel.bytes()));
  private final Damage damage;

  public Suspects(long seed) {
    damage = new Damage(seed);
  }

  /** A model file and what lies beside it. */
  public record Suspect(String name, Path file) {

    /** Lays it out as a model folder. */
    public void layOut(Path folder) throws IOException {
      Path version = Files.createDirectories(folder.resolve("1"));
      String filename = String.valueOf(file.getFileName());
      Files.copy(file, version.resolve(filename));
      Path weights = file.resolveSibling("weights.bin");
      if (Files.exists(weights)) {
        Files.copy(weights, version.resolve("weights.bin"));
      }
      Files.writeString(
          folder.resolve("config.pbtxt"), "default_model_filename: \"%s\"".formatted(filename));
    }
  }

  /** All model files in a folder and below. */
  public static List<Suspect> in(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths
          .filter(file -> file.toString().endsWith(".onnx") || file.toString().endsWith(".ort"))
          .sorted()
          .map(
              file ->
                  new Suspect(
                      folder.relativize(file).toString().replaceAll("[^A-Za-z0-9-]", "_"), file))
          .toList();
    }
  }

  /** Has a model damaged too, if it is small. */
  public void seed(Suspect loads) throws IOException {
    if (Files.size(loads.file()) <= LARGEST_SEED) {
      seeds.add(Files.readAllBytes(loads.file()));
    }
  }

  /** Lays out a model of which the file is damaged, or of every fourth the configuration. */
  public void layOutDamaged(Path folder) throws IOException {
    Path version = Files.createDirectories(folder.resolve("1"));
    Path file = version.resolve("model.onnx");
    if (damage.below(4) == 0) {
      Files.write(file, TinyModel.bytes());
      Files.write(folder.resolve("config.pbtxt"), damage.config(CONFIG));
    } else {
      Files.write(file, damage.model(seeds.get(damage.below(seeds.size()))));
    }
  }
}
