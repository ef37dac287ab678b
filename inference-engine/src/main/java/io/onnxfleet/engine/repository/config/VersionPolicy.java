package io.onnxfleet.engine.repository.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Which versions of a model are served. */
public sealed interface VersionPolicy {
  /** The highest version alone. */
  VersionPolicy DEFAULT = new Latest(1);

  /** The versions to serve of those that there are, ascending; may be empty. */
  List<Long> select(Collection<Long> versions);

  /** The highest {@code count} versions. */
  record Latest(int count) implements VersionPolicy {
    public Latest {
      if (count < 1) {
        throw new IllegalArgumentException("latest num_versions: " + count + " (expected: >= 1)");
      }
    }

    @Override
    public List<Long> select(Collection<Long> versions) {
      return versions.stream()
          .distinct()
          .sorted(Comparator.reverseOrder())
          .limit(count)
          .sorted()
          .toList();
    }
  }

  /** Every version. */
  record All() implements VersionPolicy {
    @Override
    public List<Long> select(Collection<Long> versions) {
      return versions.stream().distinct().sorted().toList();
    }
  }

  /** These versions, so far as they are there. */
  record Specific(List<Long> versions) implements VersionPolicy {
    public Specific {
      versions = versions.stream().distinct().sorted().toList();
      if (versions.isEmpty() || versions.getFirst() < 1) {
        throw new IllegalArgumentException(
            "specific versions: " + versions + " (expected at least one, each >= 1)");
      }
    }

    @Override
    public List<Long> select(Collection<Long> present) {
      return versions.stream().filter(present::contains).toList();
    }
  }
}
