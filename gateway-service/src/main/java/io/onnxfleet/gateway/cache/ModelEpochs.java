package io.onnxfleet.gateway.cache;

import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelContent;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Numbers the spans of time during which the READY versions of a model, and what their files are,
 * were the same on all replicas. What was answered in one epoch is not given again in another, even
 * if the versions come back: in between a version may have been replaced.
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

  /**
   * What answers when the model is asked for, whichever replica is chosen; null if that depends on
   * the replica, or one of them does not know yet.
   */
  @Nullable ModelContent answering(ModelReference model) {
    ModelContent agreed = null;
    for (Replica replica : serving(fleet.get(), model)) {
      ModelContent content = replica.contentOf(model);
      boolean isUnknown =
          content == null || (content.digest().isEmpty() && replica.tellsContents());
      if (isUnknown || (agreed != null && !agreed.equals(content))) {
        return null;
      }
      agreed = content;
    }
    return agreed;
  }

  private static List<Replica> serving(Fleet fleet, ModelReference model) {
    List<Replica> serving = fleet.serving(model);
    return serving.isEmpty() ? fleet.vanishedServing(model) : serving;
  }

  private static String versions(Fleet fleet, String model) {
    List<Replica> serving = serving(fleet, new ModelReference(model, null));
    TreeSet<String> distinct = new TreeSet<>();
    for (Replica replica : serving) {
      TreeSet<String> contents = new TreeSet<>();
      for (String version : replica.versionsReadyOf(model)) {
        contents.add(String.valueOf(replica.contentOf(new ModelReference(model, version))));
      }
      distinct.add(String.join(",", contents));
    }
    return String.join("|", distinct);
  }
}
