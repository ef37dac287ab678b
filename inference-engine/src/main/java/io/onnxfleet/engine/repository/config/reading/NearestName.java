package io.onnxfleet.engine.repository.config.reading;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Finds the name that was probably meant. */
final class NearestName {
  /** More names than these are not listed. */
  private static final int MAX_LISTED = 16;

  private NearestName() {}

  /**
   * {@code " (did you mean 'x'?)"} if a name is near, otherwise what there is to choose from.
   *
   * @param names in the order to list them
   */
  static String hint(String wrong, Collection<String> names) {
    Optional<String> nearest =
        names.stream()
            .filter(name -> distance(wrong, name) <= Math.max(2, name.length() / 3))
            .min(Comparator.comparingInt(name -> distance(wrong, name)));
    return nearest
        .map(name -> " (did you mean '" + name + "'?)")
        .orElseGet(() -> " (expected " + list(names) + ")");
  }

  private static String list(Collection<String> names) {
    if (names.isEmpty()) {
      return "none";
    }
    List<String> listed = names.stream().limit(MAX_LISTED).toList();
    return (names.size() == 1 ? "" : "one of ")
        + String.join(", ", listed)
        + (listed.size() < names.size() ? ", ..." : "");
  }

  /**
   * Insertions, removals, replacements and swaps of neighbours that make one of the other; case
   * counts for nothing.
   */
  static int distance(String left, String right) {
    int[] beforeLast = new int[right.length() + 1];
    int[] last = new int[right.length() + 1];
    int[] row = new int[right.length() + 1];
    for (int j = 0; j <= right.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= left.length(); i++) {
      row[0] = i;
      for (int j = 1; j <= right.length(); j++) {
        int replaced = last[j - 1] + (same(left, i - 1, right, j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, Math.min(last[j], row[j - 1]) + 1);
        if (i > 1 && j > 1 && same(left, i - 1, right, j - 2) && same(left, i - 2, right, j - 1)) {
          row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
        }
      }
      int[] free = beforeLast;
      beforeLast = last;
      last = row;
      row = free;
    }
    return last[right.length()];
  }

  private static boolean same(String left, int i, String right, int j) {
    return Character.toLowerCase(left.charAt(i)) == Character.toLowerCase(right.charAt(j));
  }
}
