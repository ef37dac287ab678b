package io.onnxfleet.jobs.api;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.file.Page;
import org.jspecify.annotations.Nullable;

/** Reads which page of a list is wanted. Stateless. */
final class ListQuery {
  private ListQuery() {}

  static Page page(
      WorkOwner viewer,
      @Nullable String after,
      @Nullable String limit,
      int otherwise,
      int most,
      boolean isAscending) {
    return new Page(viewer, after, limit == null ? otherwise : limit(limit, most), isAscending);
  }

  private static int limit(String given, int most) {
    if (!given.matches("\\d{1,9}")
        || Integer.parseInt(given) < 1
        || Integer.parseInt(given) > most) {
      throw JobException.invalid("limit", "limit: '%s' (expected: 1 to %d)".formatted(given, most));
    }
    return Integer.parseInt(given);
  }

  /** Whether the oldest comes first. */
  static boolean isAscending(@Nullable String order) {
    return switch (order) {
      case "asc" -> true;
      case "desc" -> false;
      case null -> false;
      default ->
          throw JobException.invalid(
              "order", "order: '%s' (expected: asc or desc)".formatted(order));
    };
  }
}
