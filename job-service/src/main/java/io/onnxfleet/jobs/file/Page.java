package io.onnxfleet.jobs.file;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.failure.JobException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a caller wants of a list.
 *
 * @param viewer who asks; an administrator sees what everybody owns
 * @param after the id of the last one that was seen; null for the beginning
 * @param limit at most so many; 1 or more
 * @param isAscending whether the oldest comes first
 */
public record Page(WorkOwner viewer, @Nullable String after, int limit, boolean isAscending) {

  /** How the database is asked for it: one more than wanted, which tells whether there are more. */
  public String orderAndLimit() {
    return " order by number " + (isAscending ? "asc" : "desc") + " limit " + (limit + 1);
  }

  /** How numbers compare that come behind the last one. */
  public String behind() {
    return isAscending ? ">" : "<";
  }

  /**
   * The number of the last one that was seen, which may have been deleted since; null for the
   * beginning.
   *
   * @param kind of what is listed: {@code file}
   * @param prefix of its ids
   * @param earlier gives the number of one whose id an earlier release has made, if the viewer sees
   *     it
   * @throws JobException if there is none
   */
  public @Nullable Long numberBefore(
      String kind, String prefix, Function<String, Optional<Long>> earlier) {
    if (after == null) {
      return null;
    }
    OptionalLong said = ListedIds.number(prefix, after);
    return said.isPresent()
        ? Long.valueOf(said.getAsLong())
        : earlier
            .apply(after)
            .orElseThrow(
                () ->
                    JobException.invalid(
                        "after", "after: no such %s (expected: the id of one)".formatted(kind)));
  }
}
