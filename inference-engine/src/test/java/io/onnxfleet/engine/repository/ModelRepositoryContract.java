package io.onnxfleet.engine.repository;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every kind of model repository does. */
abstract class ModelRepositoryContract {
  /** The repository under test, empty at first. */
  abstract ModelRepository repository();

  /** Adds a model that can be served, or a further version of it. */
  abstract void add(String model, long version);

  /** Adds a model that cannot be served. */
  abstract void addBroken(String model);

  abstract void remove(String model);

  @Test
  void scan_isEmpty_whenThereAreNoModels() {
    assertThat(repository().scan()).isEmpty();
  }

  @Test
  void scan_listsModelsByName_whenTheyWereAddedInAnyOrder() {
    add("b", 1);
    add("a-2", 1);
    add("C", 1);
    add("a", 1);

    assertThat(repository().scan())
        .extracting(ModelFolder::name)
        .containsExactly("C", "a", "a-2", "b");
  }

  @Test
  void scan_listsVersionsByNumber_whenTheyWereAddedInAnyOrder() {
    add("a", 10);
    add("a", 2);
    add("a", 1);

    ModelFolder model = repository().scan().getFirst();
    assertThat(model.problem()).isNull();
    assertThat(model.versions())
        .extracting(ModelFolder.Version::number)
        .containsExactly(1L, 2L, 10L);
    assertThat(model.servedVersions()).extracting(ModelFolder.Version::number).containsExactly(10L);
    assertThat(model.version(2)).isPresent();
    assertThat(model.version(3)).isEmpty();
  }

  @Test
  void scan_listsTheRest_whenOneModelIsBroken() {
    add("a", 1);
    addBroken("b");
    add("c", 1);

    assertThat(repository().scan())
        .extracting(ModelFolder::name, model -> model.problem() == null)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("a", true),
            org.assertj.core.groups.Tuple.tuple("b", false),
            org.assertj.core.groups.Tuple.tuple("c", true));
  }

  @Test
  void find_returnsWhatScanLists() {
    add("a", 1);
    addBroken("b");

    for (ModelFolder listed : repository().scan()) {
      ModelFolder found = repository().find(listed.name()).orElseThrow();
      assertThat(found.versions()).isEqualTo(listed.versions());
      assertThat(found.problem()).isEqualTo(listed.problem());
    }
  }

  @Test
  void find_looksAnew_whenModelsComeAndGo() {
    assertThat(repository().find("a")).isEmpty();
    add("a", 1);
    assertThat(repository().find("a")).isPresent();
    remove("a");
    assertThat(repository().find("a")).isEmpty();
    assertThat(repository().scan()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", ".", "..", "../a", "a/1", "a/", "/", "a\\1", "a\u0000", "a\n", ".hidden", "A"})
  void find_isEmpty_whenTheNameIsNoModels(String name) {
    add("a", 1);

    assertThat(repository().find(name)).isEmpty();
  }
}
