package io.onnxfleet.gateway.fleet;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What replicas told of contents that ended processes. A replica takes back what it told by telling
 * that it is so no longer; what was told by one that went away stays for a while, since a content
 * that ends processes ends those that tell of it. Not safe for threads. Bounded: {@value
 * #MOST_PER_REPLICA} contents of each replica that was there in that while.
 */
final class QuarantineNotes {

  static final Duration KEPT_FOR_THE_ABSENT = Duration.ofMinutes(10);
  static final int MOST_PER_REPLICA = 256;

  private record Note(Set<ModelContent> contents, long seenNanos) {}

  private final Map<String, Note> byReplica = new HashMap<>();

  /** What is in quarantine as these replicas tell, and others told a while ago. */
  Set<ModelContent> of(List<Replica> registered, List<Replica> vanished, long now) {
    Stream.concat(vanished.stream(), registered.stream())
        .filter(Replica::tellsOfQuarantine)
        .forEach(
            replica -> {
              if (replica.quarantine().isEmpty()) {
                byReplica.remove(replica.id());
              } else {
                byReplica.put(replica.id(), new Note(some(replica.quarantine()), now));
              }
            });
    byReplica.values().removeIf(note -> now - note.seenNanos > KEPT_FOR_THE_ABSENT.toNanos());
    Set<ModelContent> all = new HashSet<>();
    byReplica.values().forEach(note -> all.addAll(note.contents));
    return all;
  }

  /** Forgets what was told of the model until now. */
  void lift(String model) {
    byReplica.replaceAll(
        (replica, note) -> {
          Set<ModelContent> others = new HashSet<>(note.contents);
          others.removeIf(content -> content.name().equals(model));
          return new Note(others, note.seenNanos);
        });
  }

  private static Set<ModelContent> some(Set<ModelContent> contents) {
    if (contents.size() <= MOST_PER_REPLICA) {
      return contents;
    }
    return Set.copyOf(contents.stream().limit(MOST_PER_REPLICA).toList());
  }
}
