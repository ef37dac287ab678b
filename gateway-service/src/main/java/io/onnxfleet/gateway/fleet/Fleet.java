package io.onnxfleet.gateway.fleet;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The replicas at one moment, indexed by the models that they have READY. Immutable.
 *
 * <p>A replica that the registry no longer lists is <em>vanished</em> for a grace time: it is asked
 * only where no registered replica can be, so that the fleet goes on serving while the registry
 * restarts empty.
 */
public final class Fleet {

  static final Fleet EMPTY = new Fleet(List.of(), List.of());

  private final List<Replica> registered;
  private final List<Replica> vanished;
  private final Map<String, List<Replica>> registeredByModel;
  private final Map<String, List<Replica>> vanishedByModel;
  private final Map<String, ModelFamily> families;
  private final Set<ModelContent> quarantined;
  private final Set<String> quarantinedDigests;

  /**
   * A fleet at one moment.
   *
   * @param quarantined what is run nowhere, although a replica may have it READY
   */
  public Fleet(List<Replica> registered, List<Replica> vanished, Set<ModelContent> quarantined) {
    this.quarantined = Set.copyOf(quarantined);
    this.quarantinedDigests =
        quarantined.stream().map(ModelContent::digest).collect(Collectors.toUnmodifiableSet());
    this.registered = List.copyOf(registered);
    this.vanished = List.copyOf(vanished);
    this.registeredByModel = byModel(this.registered);
    this.vanishedByModel = byModel(this.vanished);
    this.families = families();
  }

  /** A fleet without a quarantine. */
  public Fleet(List<Replica> registered, List<Replica> vanished) {
    this(registered, vanished, Set.of());
  }

  /** The replicas that the registry lists as UP. */
  public List<Replica> registered() {
    return registered;
  }

  /** The replicas that it listed a short while ago. */
  public List<Replica> vanished() {
    return vanished;
  }

  /** What ended processes and is run nowhere until an administrator says so. */
  public Set<ModelContent> quarantined() {
    return quarantined;
  }

  /** What of the model is in quarantine; null if nothing is. */
  public @Nullable ModelContent quarantined(ModelReference model) {
    if (quarantined.isEmpty()) {
      return null;
    }
    for (Replica replica : registeredByModel.getOrDefault(model.name(), List.of())) {
      ModelContent content = replica.contentOf(model);
      if (content != null && isQuarantined(content)) {
        return content;
      }
    }
    return told(model);
  }

  private @Nullable ModelContent told(ModelReference model) {
    for (ModelContent content : quarantined) {
      if (content.name().equals(model.name())
          && (model.version() == null || model.version().equals(content.version()))) {
        return content;
      }
    }
    return null;
  }

  /**
   * The model as it is to be asked for. Without a version a replica runs its highest READY one;
   * where that is in quarantine and a lower one is READY, the lower one is named, since what is in
   * quarantine is READY nowhere.
   */
  public ModelReference answering(ModelReference model) {
    if (quarantined.isEmpty() || model.version() != null) {
      return model;
    }
    List<Replica> replicas = registeredByModel.getOrDefault(model.name(), List.of());
    if (replicas.isEmpty()) {
      replicas = vanishedByModel.getOrDefault(model.name(), List.of());
    }
    if (replicas.stream().noneMatch(replica -> isQuarantined(replica, model))) {
      return model;
    }
    return replicas.stream()
        .flatMap(
            replica ->
                replica.versionsReadyOf(model.name()).stream()
                    .map(version -> new ModelReference(model.name(), version))
                    .map(replica::contentOf))
        .filter(Objects::nonNull)
        .filter(content -> !isQuarantined(content))
        .max(Replica.BY_VERSION)
        .map(content -> new ModelReference(model.name(), content.version()))
        .orElse(model);
  }

  /** Whether there is no replica, and was none a short while ago. */
  public boolean isEmpty() {
    return registered.isEmpty() && vanished.isEmpty();
  }

  /** The registered replicas to ask for the model. */
  public List<Replica> serving(ModelReference model) {
    return serving(registeredByModel, model);
  }

  /** The vanished replicas to ask for the model where no registered one can be. */
  public List<Replica> vanishedServing(ModelReference model) {
    return serving(vanishedByModel, model);
  }

  /** The family of that name, if any of its variants is READY. */
  public @Nullable ModelFamily family(String name) {
    return families.get(name);
  }

  /** By name. */
  public Collection<ModelFamily> allFamilies() {
    return families.values();
  }

  private Map<String, ModelFamily> families() {
    List<Replica> all = new ArrayList<>(registered);
    all.addAll(vanished);
    Set<String> ready = new HashSet<>(registeredByModel.keySet());
    ready.addAll(vanishedByModel.keySet());
    return Collections.unmodifiableMap(ModelFamily.of(all, ready));
  }

  /** Whether any replica has the model in its repository. */
  public boolean knows(String model) {
    if (registeredByModel.containsKey(model) || vanishedByModel.containsKey(model)) {
      return true;
    }
    return registered.stream().anyMatch(replica -> replica.knows(model))
        || vanished.stream().anyMatch(replica -> replica.knows(model));
  }

  /**
   * Without a replica that has just this version READY, all that have the model READY are asked:
   * they know their repository and tell an unknown version from one that is not ready.
   */
  private List<Replica> serving(Map<String, List<Replica>> byModel, ModelReference model) {
    List<Replica> all = byModel.getOrDefault(model.name(), List.of());
    if (!quarantined.isEmpty()) {
      boolean isNamed = model.version() != null && quarantined(model) != null;
      all =
          all.stream()
              .filter(replica -> !isQuarantined(replica, model))
              .filter(replica -> !isNamed || replica.hasReady(model))
              .toList();
    }
    if (model.version() == null || all.isEmpty()) {
      return all;
    }
    List<Replica> exact = new ArrayList<>(all.size());
    for (Replica replica : all) {
      if (replica.hasReady(model)) {
        exact.add(replica);
      }
    }
    return exact.isEmpty() ? all : exact;
  }

  private boolean isQuarantined(Replica replica, ModelReference model) {
    ModelContent content = replica.contentOf(model);
    return content != null && isQuarantined(content);
  }

  /**
   * Whether it is run nowhere, whatever it is called; where no digest is told, name and version say
   * it.
   */
  public boolean isQuarantined(ModelContent content) {
    if (quarantined.isEmpty()) {
      return false;
    }
    return content.digest().isEmpty()
        ? told(new ModelReference(content.name(), content.version())) != null
        : quarantinedDigests.contains(content.digest());
  }

  private static Map<String, List<Replica>> byModel(List<Replica> replicas) {
    Map<String, List<Replica>> byModel = new HashMap<>();
    for (Replica replica : replicas) {
      for (String model : replica.readyModels()) {
        byModel.computeIfAbsent(model, name -> new ArrayList<>()).add(replica);
      }
    }
    byModel.replaceAll((name, all) -> List.copyOf(all));
    return Map.copyOf(byModel);
  }
}
