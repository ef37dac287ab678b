package io.onnxfleet.engine.repository;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** A repository that a test fills by hand. */
public final class InMemoryModelRepository implements ModelRepository {
  private final ConcurrentNavigableMap<String, ModelFolder> models = new ConcurrentSkipListMap<>();

  /** Adds a model, or takes the place of the one of that name. */
  public void put(ModelFolder model) {
    models.put(model.name(), model);
  }

  public void remove(String name) {
    models.remove(name);
  }

  @Override
  public List<ModelFolder> scan() {
    return List.copyOf(models.values());
  }

  @Override
  public Optional<ModelFolder> find(String name) {
    return Optional.ofNullable(models.get(name));
  }
}
