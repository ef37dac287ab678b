package io.onnxfleet.contract.fleet;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a replica tells of itself in the registry, and to who asks it; gateways route by it. Keys
 * that are not known here are passed over, and so are entries that cannot be read: what they would
 * say counts as not served. Immutable.
 *
 * @param ready READY versions, and those that a request makes READY
 * @param contents what READY versions are made of; null if it does not say
 * @param known every model of the repository
 * @param failed models that cannot be served before somebody changes them
 * @param variants models of families
 * @param quarantine what ended processes; null if it does not say
 * @param unmergeable what must run alone
 * @param capacity model instances in all
 * @param started when its process did, as it tells it; empty if it does not
 * @param revision how often one process has told something new; -1 if it does not say
 */
public record ReplicaMetadata(
    List<ReadyVersion> ready,
    @Nullable List<ModelDigest> contents,
    Set<String> known,
    List<FailedModel> failed,
    List<FamilyVariant> variants,
    @Nullable List<ModelDigest> quarantine,
    List<ModelDigest> unmergeable,
    Set<String> executionProviders,
    int capacity,
    String started,
    long revision) {

  /** Of a {@link #revision} that is not told. */
  public static final long UNNUMBERED = -1;

  private static final String COMPARABLE = "c";
  private static final int VARIANT_FIELDS = 5;

  /** A model's version that may be asked. */
  public record ReadyVersion(String model, String version) {}

  /**
   * A model that cannot be served.
   *
   * @param reason may be cut
   */
  public record FailedModel(String model, String reason) {}

  /**
   * A model that does the same task as the others of its family.
   *
   * @param quality higher is better
   * @param comparable whether its vectors may be compared with those of others
   * @param costMillis of a typical request
   */
  public record FamilyVariant(
      String model, String family, double quality, boolean comparable, double costMillis) {}

  public ReplicaMetadata {
    ready = List.copyOf(ready);
    contents = contents == null ? null : List.copyOf(contents);
    known = Set.copyOf(known);
    failed = List.copyOf(failed);
    variants = List.copyOf(variants);
    quarantine = quarantine == null ? null : List.copyOf(quarantine);
    unmergeable = List.copyOf(unmergeable);
    executionProviders = Set.copyOf(executionProviders);
  }

  /** As the registry keeps it. */
  public Map<String, String> asMap() {
    Map<String, String> map = new TreeMap<>();
    map.put(
        MetadataKeys.MODELS_READY,
        ready.stream()
            .map(version -> MetadataText.encoded(version.model) + ":" + version.version)
            .collect(Collectors.joining(",")));
    if (contents != null) {
      map.put(MetadataKeys.MODELS_CONTENTS, ModelDigest.write(contents));
    }
    map.put(
        MetadataKeys.MODELS_KNOWN,
        known.stream().map(MetadataText::encoded).sorted().collect(Collectors.joining(",")));
    map.put(
        MetadataKeys.MODELS_FAILED,
        failed.stream()
            .map(
                model ->
                    MetadataText.encoded(model.model) + ":" + MetadataText.encoded(model.reason))
            .collect(Collectors.joining(",")));
    map.put(
        MetadataKeys.MODELS_FAMILIES,
        variants.stream().map(ReplicaMetadata::written).collect(Collectors.joining(",")));
    if (quarantine != null) {
      map.put(MetadataKeys.QUARANTINE, ModelDigest.write(quarantine));
    }
    map.put(MetadataKeys.UNMERGEABLE, ModelDigest.write(unmergeable));
    map.put(
        MetadataKeys.EXECUTION_PROVIDERS,
        executionProviders.stream().sorted().collect(Collectors.joining(",")));
    map.put(MetadataKeys.CAPACITY, Integer.toString(capacity));
    if (!started.isEmpty()) {
      map.put(MetadataKeys.STARTED, started);
    }
    if (revision != UNNUMBERED) {
      map.put(MetadataKeys.REVISION, Long.toString(revision));
    }
    return map;
  }

  private static String written(FamilyVariant variant) {
    return String.join(
        ":",
        MetadataText.encoded(variant.model),
        MetadataText.encoded(variant.family),
        Double.toString(variant.quality),
        variant.comparable ? COMPARABLE : "",
        Double.toString(variant.costMillis));
  }

  /** Reads what the registry keeps; what is missing is empty. */
  public static ReplicaMetadata of(Map<String, String> map) {
    return new ReplicaMetadata(
        readyVersions(map.getOrDefault(MetadataKeys.MODELS_READY, "")),
        digests(map.get(MetadataKeys.MODELS_CONTENTS)),
        names(map.getOrDefault(MetadataKeys.MODELS_KNOWN, "")),
        failures(map.getOrDefault(MetadataKeys.MODELS_FAILED, "")),
        variants(map.getOrDefault(MetadataKeys.MODELS_FAMILIES, "")),
        digests(map.get(MetadataKeys.QUARANTINE)),
        ModelDigest.read(map.getOrDefault(MetadataKeys.UNMERGEABLE, "")),
        names(map.getOrDefault(MetadataKeys.EXECUTION_PROVIDERS, "")),
        (int) number(map.getOrDefault(MetadataKeys.CAPACITY, ""), 0),
        map.getOrDefault(MetadataKeys.STARTED, ""),
        number(map.getOrDefault(MetadataKeys.REVISION, ""), UNNUMBERED));
  }

  private static @Nullable List<ModelDigest> digests(@Nullable String entries) {
    return entries == null ? null : ModelDigest.read(entries);
  }

  private static List<ReadyVersion> readyVersions(String entries) {
    List<ReadyVersion> versions = new ArrayList<>();
    for (String entry : entries.split(",", -1)) {
      int colon = entry.lastIndexOf(':');
      if (colon > 0) {
        versions.add(
            new ReadyVersion(
                MetadataText.decoded(entry.substring(0, colon).strip()),
                entry.substring(colon + 1).strip()));
      }
    }
    return versions;
  }

  private static Set<String> names(String entries) {
    Set<String> names = new LinkedHashSet<>();
    for (String name : entries.split(",", -1)) {
      if (!name.isBlank()) {
        names.add(MetadataText.decoded(name.strip()));
      }
    }
    return names;
  }

  private static List<FailedModel> failures(String entries) {
    List<FailedModel> failures = new ArrayList<>();
    for (String entry : entries.split(",", -1)) {
      int colon = entry.indexOf(':');
      if (colon > 0) {
        failures.add(
            new FailedModel(
                MetadataText.decoded(entry.substring(0, colon).strip()),
                MetadataText.decoded(entry.substring(colon + 1).strip())));
      }
    }
    return failures;
  }

  private static List<FamilyVariant> variants(String entries) {
    List<FamilyVariant> variants = new ArrayList<>();
    for (String entry : entries.split(",", -1)) {
      FamilyVariant variant = variant(entry.strip().split(":", -1));
      if (variant != null) {
        variants.add(variant);
      }
    }
    return variants;
  }

  private static @Nullable FamilyVariant variant(String[] fields) {
    if (fields.length < VARIANT_FIELDS) {
      return null;
    }
    try {
      return new FamilyVariant(
          MetadataText.decoded(fields[0]),
          MetadataText.decoded(fields[1]),
          Double.parseDouble(fields[2]),
          fields[3].equals(COMPARABLE),
          Double.parseDouble(fields[4]));
    } catch (NumberFormatException malformed) {
      return null;
    }
  }

  private static long number(String text, long otherwise) {
    try {
      return Long.parseLong(text.strip());
    } catch (NumberFormatException malformed) {
      return otherwise;
    }
  }
}
