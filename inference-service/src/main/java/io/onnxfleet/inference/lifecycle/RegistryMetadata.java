package io.onnxfleet.inference.lifecycle;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.ModelIndexEntry;
import io.onnxfleet.engine.repository.ModelState;
import io.onnxfleet.engine.repository.config.FamilyMembership;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a replica tells of itself in the registry; gateways route by it. */
final class RegistryMetadata {
  /** READY versions: {@code <url-encoded model>:<version>}, separated by commas. */
  static final String MODELS_READY = "models-ready";

  /** Every model of the repository, READY or not, url-encoded, separated by commas. */
  static final String MODELS_KNOWN = "models-known";

  /**
   * Models that cannot be served before somebody changes them: {@code <url-encoded
   * model>:<url-encoded reason>}, separated by commas.
   */
  static final String MODELS_FAILED = "models-failed";

  /**
   * Models of families: {@code <model>:<family>:<quality>:<c if comparable>:<cost in ms>}, names
   * url-encoded, separated by commas.
   */
  static final String MODELS_FAMILIES = "models-families";

  /**
   * Versions that are not loaded, because they ended a process: {@code <url-encoded
   * model>/<version>@<first 12 letters of the content's digest>}, separated by commas.
   */
  static final String QUARANTINE = "quarantine";

  /** What the READY versions are: {@code <url-encoded model>/<version>@<digest>}, with commas. */
  static final String MODELS_CONTENTS = "models-contents";

  /**
   * READY versions of which a merged request was seen to be answered in another way than alone:
   * {@code <model>/<version>@<first letters of its digest>}, names url-encoded, separated by
   * commas. Other replicas stop merging what has that digest.
   */
  static final String UNMERGEABLE = "unmergeable";

  static final String EXECUTION_PROVIDERS = "execution-providers";

  /** Model instances in all. */
  static final String CAPACITY = "capacity";

  /** When the process started, in milliseconds since the epoch. */
  static final String STARTED = "started";

  /**
   * Counts up with each change of the others, from 1 after {@link #STARTED}: of two views of one
   * process, the higher is the newer.
   */
  static final String REVISION = "revision";

  /** Of a reason; the whole is in the index. */
  private static final int LONGEST_REASON = 200;

  /** Of failed models; the registry's store is small, and who has more has another problem. */
  private static final int MOST_FAILED = 64;

  private RegistryMetadata() {}

  static Map<String, String> of(InferenceEngine engine, long startedMillis) {
    TreeSet<String> known = new TreeSet<>();
    TreeSet<String> providers = new TreeSet<>();
    List<String> ready = new ArrayList<>();
    List<String> contents = new ArrayList<>();
    Map<String, String> families = new TreeMap<>();
    Map<String, String> failed = new TreeMap<>();
    int capacity = 0;
    for (ModelIndexEntry entry : engine.index()) {
      String name = URLEncoder.encode(entry.name(), StandardCharsets.UTF_8);
      known.add(name);
      if (failed.size() < MOST_FAILED && engine.cannotServe(entry.name())) {
        failed.put(name, name + ":" + brief(entry.reason()));
      }
      if (entry.version() != null && engine.loadsOnDemand(entry.name(), entry.version())) {
        // A request is what it takes to have it READY.
        ready.add(name + ":" + entry.version());
      } else if (entry.state() == ModelState.READY && entry.version() != null) {
        try {
          ModelMetadata model = engine.metadata(entry.name(), entry.version());
          ready.add(name + ":" + entry.version());
          contents.add(name + "/" + entry.version() + "@" + model.content().brief());
          FamilyMembership.of(model.parameters())
              .ifPresent(membership -> families.put(name, described(name, membership)));
          providers.add(model.executionProvider());
          capacity += model.instances();
        } catch (InferenceException unloadedMeanwhile) {
          // It is known, and no longer READY.
        }
      }
    }
    return Map.ofEntries(
        Map.entry(MODELS_READY, String.join(",", ready)),
        Map.entry(MODELS_CONTENTS, String.join(",", contents)),
        Map.entry(MODELS_KNOWN, String.join(",", known)),
        Map.entry(MODELS_FAILED, String.join(",", failed.values())),
        Map.entry(UNMERGEABLE, unmergeable(engine)),
        Map.entry(MODELS_FAMILIES, String.join(",", families.values())),
        Map.entry(QUARANTINE, quarantine(engine)),
        Map.entry(EXECUTION_PROVIDERS, String.join(",", providers)),
        Map.entry(CAPACITY, Integer.toString(capacity)),
        Map.entry(STARTED, Long.toString(startedMillis)));
  }

  private static String brief(String reason) {
    return URLEncoder.encode(
        reason.substring(0, Math.min(reason.length(), LONGEST_REASON)), StandardCharsets.UTF_8);
  }

  private static String quarantine(InferenceEngine engine) {
    return engine.quarantined().stream()
        .map(
            entry ->
                "%s/%d@%s"
                    .formatted(
                        URLEncoder.encode(entry.id().model(), StandardCharsets.UTF_8),
                        entry.id().version(),
                        entry.brief()))
        .sorted()
        .collect(Collectors.joining(","));
  }

  private static String unmergeable(InferenceEngine engine) {
    return engine.unmergeable().stream()
        .map(
            found ->
                "%s/%d@%s"
                    .formatted(
                        URLEncoder.encode(found.model(), StandardCharsets.UTF_8),
                        found.version(),
                        found.content()))
        .collect(Collectors.joining(","));
  }

  /** The digests that a replica's {@link #UNMERGEABLE} names. */
  static List<String> digests(String unmergeable) {
    return Stream.of(unmergeable.split(","))
        .filter(entry -> entry.indexOf('@') >= 0)
        .map(entry -> entry.substring(entry.indexOf('@') + 1))
        .toList();
  }

  private static String described(String name, FamilyMembership membership) {
    return String.join(
        ":",
        name,
        URLEncoder.encode(membership.family(), StandardCharsets.UTF_8),
        Double.toString(membership.quality()),
        membership.isComparable() ? "c" : "",
        Double.toString(membership.costMillis()));
  }
}
