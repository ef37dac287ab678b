package io.onnxfleet.inference.lifecycle;

import io.onnxfleet.contract.fleet.ModelDigest;
import io.onnxfleet.contract.fleet.ReplicaMetadata;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.catalog.ModelIndexEntry;
import io.onnxfleet.engine.catalog.ModelState;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.config.reading.FamilyMembership;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What a replica tells of itself in the registry; gateways route by it. */
final class RegistryMetadata {
  /** Of a reason; the whole is in the index. */
  private static final int LONGEST_REASON = 200;

  /** Of failed models; the registry's store is small, and who has more has another problem. */
  private static final int MOST_FAILED = 64;

  private RegistryMetadata() {}

  static Map<String, String> of(InferenceEngine engine, long startedMillis) {
    Set<String> known = new HashSet<>();
    Set<String> providers = new HashSet<>();
    List<ReplicaMetadata.ReadyVersion> ready = new ArrayList<>();
    List<ModelDigest> contents = new ArrayList<>();
    Map<String, ReplicaMetadata.FamilyVariant> variants = new TreeMap<>();
    Map<String, ReplicaMetadata.FailedModel> failed = new TreeMap<>();
    int capacity = 0;
    for (ModelIndexEntry entry : engine.index()) {
      String name = entry.name();
      known.add(name);
      if (failed.size() < MOST_FAILED && engine.cannotServe(name)) {
        failed.put(name, new ReplicaMetadata.FailedModel(name, brief(entry.reason())));
      }
      Long version = entry.version();
      if (version != null && engine.loadsOnDemand(name, version)) {
        // A request is what it takes to have it READY.
        ready.add(new ReplicaMetadata.ReadyVersion(name, version.toString()));
      } else if (entry.state() == ModelState.READY && version != null) {
        try {
          ModelMetadata model = engine.metadata(name, version);
          ready.add(new ReplicaMetadata.ReadyVersion(name, version.toString()));
          contents.add(new ModelDigest(name, version.toString(), model.content().brief()));
          FamilyMembership.of(model.parameters())
              .ifPresent(membership -> variants.put(name, variant(name, membership)));
          providers.add(model.executionProvider());
          capacity += model.instances();
        } catch (InferenceException unloadedMeanwhile) {
          // It is known, and no longer READY.
        }
      }
    }
    return new ReplicaMetadata(
            ready,
            contents,
            known,
            List.copyOf(failed.values()),
            List.copyOf(variants.values()),
            quarantine(engine),
            unmergeable(engine),
            providers,
            capacity,
            Long.toString(startedMillis),
            ReplicaMetadata.UNNUMBERED)
        .asMap();
  }

  private static String brief(String reason) {
    return reason.substring(0, Math.min(reason.length(), LONGEST_REASON));
  }

  private static List<ModelDigest> quarantine(InferenceEngine engine) {
    return engine.quarantined().stream()
        .map(
            entry ->
                new ModelDigest(
                    entry.id().model(), Long.toString(entry.id().version()), entry.brief()))
        .sorted(Comparator.comparing(ModelDigest::toString))
        .toList();
  }

  private static List<ModelDigest> unmergeable(InferenceEngine engine) {
    return engine.unmergeable().stream()
        .map(
            found ->
                new ModelDigest(found.model(), Long.toString(found.version()), found.content()))
        .toList();
  }

  private static ReplicaMetadata.FamilyVariant variant(String name, FamilyMembership membership) {
    return new ReplicaMetadata.FamilyVariant(
        name,
        membership.family(),
        membership.quality(),
        membership.isComparable(),
        membership.costMillis());
  }
}
