package io.onnxfleet.engine.repository;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Several repositories as one; of models of one name the first one's is taken. */
public final class JoinedModelRepository implements ModelRepository {
  private final List<ModelRepository> repositories;

  public JoinedModelRepository(List<? extends ModelRepository> repositories) {
    this.repositories = List.copyOf(repositories);
  }

  @Override
  public List<ModelFolder> scan() {
    Map<String, ModelFolder> models = new TreeMap<>();
    for (ModelRepository repository : repositories) {
      repository.scan().forEach(model -> models.putIfAbsent(model.name(), model));
    }
    return List.copyOf(models.values());
  }

  @Override
  public Optional<ModelFolder> find(String name) {
    return repositories.stream()
        .map(repository -> repository.find(name))
        .flatMap(Optional::stream)
        .findFirst();
  }
}
