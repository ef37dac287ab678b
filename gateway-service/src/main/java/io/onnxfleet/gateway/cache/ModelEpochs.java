package io.onnxfleet.gateway.cache;

import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Numbers the spans of time during which the READY versions of a model were the same on all
 * replicas. What was answered in one epoch is not given again in another, even if the versions come
 * back: in between a version may have been replaced.
 *
 * <p>Safe for use by many threads. Bounded by the models that are asked for and known.
 */
final class ModelEpochs {

  /**
   * One span.
   *
   * @param versions of each replica, without repetition: the same on every gateway
   */
  record Epoch(long number, String versions) {}

  private final Supplier<Fleet> fleet;
  private final AtomicLong numbers = new AtomicLong();
  private final Map<String, Epoch> epochs = new ConcurrentHashMap<>();

  ModelEpochs(Supplier<Fleet> fleet) {
    this.fleet = fleet;
  }

  Epoch current(String model) {
    Epoch present = epochs.get(model);
    return present != null
        ? present
        : epochs.computeIfAbsent(
            model, name -> new Epoch(numbers.incrementAndGet(), versions(fleet.get(), name)));
  }

  /** Ends the epochs of the models whose versions changed, and names these models. */
  void changed(Fleet now, Consumer<String> ended) {
    for (Map.Entry<String, Epoch> entry : Map.copyOf(epochs).entrySet()) {
      Epoch last = entry.getValue();
      String versions = versions(now, entry.getKey());
      if (!last.versions.equals(versions)) {
        if (versions.isEmpty()) {
          epochs.remove(entry.getKey(), last);
        } else {
          epochs.replace(entry.getKey(), last, new Epoch(numbers.incrementAndGet(), versions));
        }
        ended.accept(entry.getKey());
      }
    }
  }

  private static String versions(Fleet fleet, String model) {
    ModelReference reference = new ModelReference(model, null);
    List<Replica> serving = fleet.serving(reference);
    if (serving.isEmpty()) {
      serving = fleet.vanishedServing(reference);
    }
    TreeSet<String> distinct = new TreeSet<>();
    for (Replica replica : serving) {
      distinct.add(String.join(",", new TreeSet<>(replica.versionsReadyOf(model))));
    }
    return String.join("|", distinct);
  }
}
