package io.onnxfleet.engine.repository;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

final class InMemoryModelRepositoryTest extends ModelRepositoryContract {
  private final InMemoryModelRepository repository = new InMemoryModelRepository();

  @Override
  ModelRepository repository() {
    return repository;
  }

  @Override
  void add(String model, long version) {
    List<ModelFolder.Version> versions =
        new ArrayList<>(repository.find(model).map(ModelFolder::versions).orElse(List.of()));
    Path folder = Path.of(model);
    versions.add(
        new ModelFolder.Version(
            version, folder.resolve(Long.toString(version)).resolve("model.onnx"), null));
    versions.sort(Comparator.comparingLong(ModelFolder.Version::number));
    repository.put(new ModelFolder(model, folder, null, versions, null));
  }

  @Override
  void addBroken(String model) {
    repository.put(new ModelFolder(model, Path.of(model), null, List.of(), "broken"));
  }

  @Override
  void remove(String model) {
    repository.remove(model);
  }
}
