package io.onnxfleet.gateway.fleet;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Names of models in which {@code *} stands for any characters. Matching takes time in the length
 * of the name and the pattern, whatever they are: it is done for every request, and patterns may
 * come from a token. Safe for use by many threads.
 */
public final class ModelPatterns {

  /** Matches every name. */
  public static final ModelPatterns ALL = new ModelPatterns(List.of("*"));

  private static final String ANY = "*";

  private final List<String> written;
  private final boolean isAll;
  private final Set<String> names = new HashSet<>();
  private final List<Pieces> patterns = new ArrayList<>();

  public ModelPatterns(List<String> patterns) {
    written = List.copyOf(patterns);
    isAll = patterns.contains(ANY);
    for (String pattern : patterns) {
      if (pattern.contains(ANY)) {
        this.patterns.add(Pieces.of(pattern));
      } else {
        names.add(pattern);
      }
    }
  }

  /** As they were given. */
  public List<String> patterns() {
    return written;
  }

  public boolean match(String model) {
    if (isAll || names.contains(model)) {
      return true;
    }
    for (Pieces pattern : patterns) {
      if (pattern.match(model)) {
        return true;
      }
    }
    return false;
  }

  /** What stands before, between and after the stars of a pattern. */
  private record Pieces(String start, List<String> middle, String end) {

    static Pieces of(String pattern) {
      List<String> pieces = List.of(pattern.split("\\*", -1));
      return new Pieces(pieces.getFirst(), pieces.subList(1, pieces.size() - 1), pieces.getLast());
    }

    /** The leftmost place of each piece is as good as any: it leaves the most for the rest. */
    boolean match(String name) {
      int last = name.length() - end.length();
      if (!name.startsWith(start) || !name.endsWith(end) || last < start.length()) {
        return false;
      }
      int from = start.length();
      for (String piece : middle) {
        int at = name.indexOf(piece, from, last);
        if (at < 0) {
          return false;
        }
        from = at + piece.length();
      }
      return true;
    }
  }
}
