package io.onnxfleet.gateway.fleet;

import io.onnxfleet.contract.fleet.ModelDigest;
import io.onnxfleet.contract.fleet.ReplicaMetadata;
import java.net.URI;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;

/**
 * One inference-service process as the registry describes it. Immutable; a change of its metadata
 * makes a new object with the same {@link #id()}.
 */
public final class Replica implements ServiceInstance {

  /** Versions are whole numbers; what is none comes first. */
  static final Comparator<ModelContent> BY_VERSION =
      Comparator.comparingLong((ModelContent content) -> number(content.version()))
          .thenComparing(ModelContent::version);

  private final String id;
  private final ServiceInstance instance;
  private final Map<String, String> metadata;
  private final String authority;
  private final String baseUri;
  private final Map<String, Set<String>> ready;
  private final Map<String, Map<String, ModelContent>> contents;
  private final Map<String, ModelContent> highest;
  private final Set<ModelContent> quarantine;
  private final boolean tellsContents;
  private final boolean tellsOfQuarantine;
  private final Set<String> known;
  private final List<ModelVariant> variants;
  private final String process;
  private final long revision;
  private final boolean toldByItself;

  private Replica(String id, ServiceInstance instance, boolean toldByItself) {
    this.id = id;
    this.toldByItself = toldByItself;
    this.instance = instance;
    this.metadata = instance.getMetadata() == null ? Map.of() : Map.copyOf(instance.getMetadata());
    this.authority = bracketed(instance.getHost()) + ":" + instance.getPort();
    this.baseUri = (instance.isSecure() ? "https" : "http") + "://" + authority;
    ReplicaMetadata told = ReplicaMetadata.of(metadata);
    this.tellsContents = told.contents() != null;
    this.tellsOfQuarantine = told.quarantine() != null;
    this.ready = readyVersions(told);
    this.contents = contents(ready, told.contents());
    this.highest = new HashMap<>();
    this.contents.forEach(
        (name, byVersion) -> highest.put(name, Collections.max(byVersion.values(), BY_VERSION)));
    this.quarantine =
        told.quarantine() == null
            ? Set.of()
            : told.quarantine().stream().map(Replica::content).collect(Collectors.toSet());
    Set<String> names = new HashSet<>(ready.keySet());
    names.addAll(told.known());
    this.known = Set.copyOf(names);
    this.variants = told.variants().stream().map(Replica::variant).toList();
    this.process = id + "@" + told.started();
    this.revision = told.revision();
  }

  /** Reads the instance's metadata; entries that cannot be read count as not served. */
  public static Replica of(ServiceInstance instance) {
    String id = instance.getInstanceId();
    return new Replica(
        id == null ? instance.getHost() + ":" + instance.getPort() : id, instance, false);
  }

  /** The same replica as it described itself just now. */
  Replica telling(Map<String, String> told) {
    Map<String, String> all = new HashMap<>(metadata);
    all.putAll(told);
    return new Replica(
        id,
        new DefaultServiceInstance(
            id, instance.getServiceId(), getHost(), getPort(), isSecure(), all),
        true);
  }

  /**
   * Whether this view of a replica is an older one than the other, or says less surely the same:
   * the registry may list one while a newer one is on its way, and half of a change. Of different
   * processes, and of those that do not count their changes, the view that came last is believed.
   */
  boolean isOlderThan(Replica other) {
    return process.equals(other.process)
        && revision >= 0
        && (revision < other.revision
            || (revision == other.revision && other.toldByItself && !toldByItself));
  }

  /** Whether it numbers what it tells, so that an older view can be told from a newer one. */
  public boolean countsItsChanges() {
    return revision >= 0;
  }

  /** Which process this is: a replica that starts again has the same id and is another one. */
  public String process() {
    return process;
  }

  public String id() {
    return id;
  }

  /** Host and port. */
  public String authority() {
    return authority;
  }

  /** Scheme, host and port, without a path and without a slash at the end. */
  public String baseUri() {
    return baseUri;
  }

  /** Whether any version of the model is READY here. */
  public boolean hasReady(String model) {
    return ready.containsKey(model);
  }

  /** Whether the version is READY here; without a version, whether any is. */
  public boolean hasReady(ModelReference model) {
    Set<String> versions = ready.get(model.name());
    return versions != null && (model.version() == null || versions.contains(model.version()));
  }

  /** The model's READY versions here; empty if it has none. */
  public Set<String> versionsReadyOf(String model) {
    return ready.getOrDefault(model, Set.of());
  }

  /** What runs here when the model is asked for; null where it is not READY. */
  public @Nullable ModelContent contentOf(ModelReference model) {
    if (model.version() == null) {
      return highest.get(model.name());
    }
    Map<String, ModelContent> versions = contents.get(model.name());
    return versions == null ? null : versions.get(model.version());
  }

  /** Whether it says what its models' files are. Those of before did not. */
  public boolean tellsContents() {
    return tellsContents;
  }

  /** What is READY here. */
  public List<ModelContent> contents() {
    return contents.values().stream().flatMap(versions -> versions.values().stream()).toList();
  }

  /** What ended processes, as this replica knows. Not READY here. */
  Set<ModelContent> quarantine() {
    return quarantine;
  }

  /** Whether it says what it knows of a quarantine, be it that there is none. */
  boolean tellsOfQuarantine() {
    return tellsOfQuarantine;
  }

  /** The names of the models with a READY version. */
  Set<String> readyModels() {
    return ready.keySet();
  }

  /** The models that belong to families. */
  List<ModelVariant> variants() {
    return variants;
  }

  /** Whether the model is in this replica's repository, READY or not. */
  public boolean knows(String model) {
    return known.contains(model);
  }

  boolean describes(ServiceInstance other) {
    return getHost().equals(other.getHost())
        && getPort() == other.getPort()
        && isSecure() == other.isSecure()
        && Objects.equals(metadata, other.getMetadata());
  }

  @Override
  public String getInstanceId() {
    return id;
  }

  @Override
  public String getServiceId() {
    return instance.getServiceId();
  }

  @Override
  public String getHost() {
    return instance.getHost();
  }

  @Override
  public int getPort() {
    return instance.getPort();
  }

  @Override
  public boolean isSecure() {
    return instance.isSecure();
  }

  @Override
  public URI getUri() {
    return URI.create(baseUri);
  }

  @Override
  public Map<String, String> getMetadata() {
    return metadata;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Replica replica && id.equals(replica.id) && describes(replica.instance);
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }

  @Override
  public String toString() {
    return id + " at " + baseUri;
  }

  private static Map<String, Set<String>> readyVersions(ReplicaMetadata told) {
    Map<String, Set<String>> versions = new HashMap<>();
    for (ReplicaMetadata.ReadyVersion ready : told.ready()) {
      versions.computeIfAbsent(ready.model(), name -> new HashSet<>()).add(ready.version());
    }
    versions.replaceAll((name, all) -> Set.copyOf(all));
    return Map.copyOf(versions);
  }

  /** By name and version; a digest that is not told is empty. */
  private static Map<String, Map<String, ModelContent>> contents(
      Map<String, Set<String>> ready, @Nullable List<ModelDigest> told) {
    Map<String, Map<String, ModelContent>> contents = new HashMap<>();
    ready.forEach(
        (name, versions) -> {
          Map<String, ModelContent> byVersion = new HashMap<>();
          versions.forEach(version -> byVersion.put(version, new ModelContent(name, version, "")));
          contents.put(name, byVersion);
        });
    for (ModelDigest digest : told == null ? List.<ModelDigest>of() : told) {
      Map<String, ModelContent> byVersion = contents.get(digest.model());
      if (byVersion != null && byVersion.containsKey(digest.version())) {
        byVersion.put(digest.version(), content(digest));
      }
    }
    return contents;
  }

  private static ModelContent content(ModelDigest told) {
    return new ModelContent(told.model(), told.version(), told.digest());
  }

  private static ModelVariant variant(ReplicaMetadata.FamilyVariant told) {
    return new ModelVariant(
        told.model(), told.family(), told.quality(), told.comparable(), told.costMillis());
  }

  private static long number(String version) {
    try {
      return Long.parseLong(version);
    } catch (NumberFormatException none) {
      return -1;
    }
  }

  private static String bracketed(String host) {
    return host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
  }
}
