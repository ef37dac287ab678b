package io.onnxfleet.gateway.fleet;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;

/**
 * One inference-service process as the registry describes it. Immutable; a change of its metadata
 * makes a new object with the same {@link #id()}.
 */
public final class Replica implements ServiceInstance {

  private static final int VARIANT_FIELDS = 5;

  /** Versions are whole numbers; what is none comes first. */
  static final Comparator<ModelContent> BY_VERSION =
      Comparator.comparingLong((ModelContent content) -> number(content.version()))
          .thenComparing(ModelContent::version);

  private final String id;
  private final ServiceInstance instance;
  private final Map<String, String> metadata;
  private final String baseUri;
  private final Map<String, Set<String>> ready;
  private final Map<String, Map<String, ModelContent>> contents;
  private final Map<String, ModelContent> highest;
  private final Set<ModelContent> quarantine;
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
    this.baseUri =
        (instance.isSecure() ? "https" : "http")
            + "://"
            + bracketed(instance.getHost())
            + ":"
            + instance.getPort();
    this.ready = readyVersions(metadata.getOrDefault(MetadataKeys.MODELS_READY, ""));
    this.contents = contents(ready, metadata.getOrDefault(MetadataKeys.MODELS_CONTENTS, ""));
    this.highest = new HashMap<>();
    this.contents.forEach(
        (name, byVersion) -> highest.put(name, Collections.max(byVersion.values(), BY_VERSION)));
    this.quarantine = quarantine(metadata.getOrDefault(MetadataKeys.QUARANTINE, ""));
    Set<String> names = new HashSet<>(ready.keySet());
    for (String name : metadata.getOrDefault(MetadataKeys.MODELS_KNOWN, "").split(",", -1)) {
      if (!name.isBlank()) {
        names.add(decoded(name.strip()));
      }
    }
    this.known = Set.copyOf(names);
    this.variants = variants(metadata.getOrDefault(MetadataKeys.MODELS_FAMILIES, ""));
    this.process = id + "@" + metadata.getOrDefault(MetadataKeys.STARTED, "");
    this.revision = revision(metadata.get(MetadataKeys.REVISION));
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

  /** Which process this is: a replica that starts again has the same id and is another one. */
  public String process() {
    return process;
  }

  public String id() {
    return id;
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
    return metadata.containsKey(MetadataKeys.MODELS_CONTENTS);
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
    return metadata.containsKey(MetadataKeys.QUARANTINE);
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

  private static long revision(@Nullable String told) {
    try {
      return told == null ? -1 : Long.parseLong(told.strip());
    } catch (NumberFormatException malformed) {
      return -1;
    }
  }

  private static Map<String, Set<String>> readyVersions(String entries) {
    Map<String, Set<String>> versions = new HashMap<>();
    for (String entry : entries.split(",", -1)) {
      int colon = entry.lastIndexOf(':');
      if (colon > 0) {
        versions
            .computeIfAbsent(decoded(entry.substring(0, colon).strip()), name -> new HashSet<>())
            .add(entry.substring(colon + 1).strip());
      }
    }
    versions.replaceAll((name, all) -> Set.copyOf(all));
    return Map.copyOf(versions);
  }

  /** By name and version; a digest that is not told is empty. */
  private static Map<String, Map<String, ModelContent>> contents(
      Map<String, Set<String>> ready, String entries) {
    Map<String, Map<String, ModelContent>> contents = new HashMap<>();
    ready.forEach(
        (name, versions) -> {
          Map<String, ModelContent> byVersion = new HashMap<>();
          versions.forEach(version -> byVersion.put(version, new ModelContent(name, version, "")));
          contents.put(name, byVersion);
        });
    for (ModelContent told : told(entries)) {
      Map<String, ModelContent> byVersion = contents.get(told.name());
      if (byVersion != null && byVersion.containsKey(told.version())) {
        byVersion.put(told.version(), told);
      }
    }
    return contents;
  }

  private static Set<ModelContent> quarantine(String entries) {
    return Set.copyOf(told(entries));
  }

  /** Comma-separated {@code <url-encoded model>/<version>@<digest>}. */
  private static List<ModelContent> told(String entries) {
    List<ModelContent> told = new ArrayList<>();
    for (String entry : entries.split(",", -1)) {
      int slash = entry.lastIndexOf('/');
      int at = entry.lastIndexOf('@');
      if (slash > 0 && at > slash) {
        told.add(
            new ModelContent(
                decoded(entry.substring(0, slash).strip()),
                entry.substring(slash + 1, at).strip(),
                entry.substring(at + 1).strip()));
      }
    }
    return told;
  }

  private static long number(String version) {
    try {
      return Long.parseLong(version);
    } catch (NumberFormatException none) {
      return -1;
    }
  }

  private static List<ModelVariant> variants(String entries) {
    List<ModelVariant> variants = new ArrayList<>();
    for (String entry : entries.split(",", -1)) {
      ModelVariant variant = variant(entry.strip().split(":", -1));
      if (variant != null) {
        variants.add(variant);
      }
    }
    return List.copyOf(variants);
  }

  private static @Nullable ModelVariant variant(String[] fields) {
    if (fields.length < VARIANT_FIELDS) {
      return null;
    }
    try {
      return new ModelVariant(
          decoded(fields[0]),
          decoded(fields[1]),
          Double.parseDouble(fields[2]),
          fields[3].equals("c"),
          Double.parseDouble(fields[4]));
    } catch (NumberFormatException malformed) {
      return null;
    }
  }

  private static String decoded(String name) {
    try {
      return URLDecoder.decode(name, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException malformed) {
      return name;
    }
  }

  private static String bracketed(String host) {
    return host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
  }
}
