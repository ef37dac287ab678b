package io.onnxfleet.benchmarks.bench;

import io.onnxfleet.benchmarks.client.InferenceStatistics;
import io.onnxfleet.benchmarks.load.Load;
import io.onnxfleet.benchmarks.load.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The points of a run as text: for people, and tab-separated for scripts. What the server does not
 * say is left out as {@code -}.
 *
 * @param deadlineMillis within which an answer is good; null if there is none
 */
record ResultTable(List<Point> points, @Nullable Long deadlineMillis) {
  private static final String ABSENT = "-";

  /** The columns, for people, and notes below them. */
  String text() {
    List<List<String>> rows = new ArrayList<>();
    rows.add(header());
    points.forEach(point -> rows.add(row(point)));
    StringBuilder text = new StringBuilder();
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        text.append(" ".repeat(widths[i] - row.get(i).length() + (i == 0 ? 0 : 2)))
            .append(row.get(i));
      }
      text.append(System.lineSeparator());
    }
    notes().forEach(note -> text.append(note).append(System.lineSeparator()));
    return text.toString();
  }

  List<String> header() {
    List<String> header = new ArrayList<>();
    boolean isOpen = !points.isEmpty() && points.getFirst().load() instanceof Load.Open;
    header.add(isOpen ? "rate/s" : "callers");
    header.addAll(List.of("answers/s", "p50 ms", "p90", "p95", "p99", "p99.9"));
    if (deadlineMillis != null) {
      header.add("in time/s");
    }
    header.addAll(List.of("failed", "mean batch", "queue ms", "compute ms", "client CPUs", ""));
    return header;
  }

  List<String> row(Point point) {
    Window window = point.measurement().window();
    List<String> row = new ArrayList<>();
    row.add(point.load().toString());
    row.add(number(window.perSecond(), 1));
    for (double percentile : new double[] {50, 90, 95, 99, 99.9}) {
      row.add(window.succeeded() == 0 ? ABSENT : number(window.millis(percentile), 1));
    }
    if (deadlineMillis != null) {
      row.add(number(window.perSecondWithin(deadlineMillis), 1));
    }
    row.add(number(100 * window.failedShare(), 1) + "%");
    InferenceStatistics server = point.server();
    if (server == null) {
      row.addAll(List.of(ABSENT, ABSENT, ABSENT));
    } else {
      row.add(number(server.batches().meanBatchSize(), 2));
      row.add(number(server.queueMillis(), 1));
      row.add(number(server.computeMillis(), 1));
    }
    row.add(number(point.clientCpus(), 2));
    row.add(point.measurement().isStable() ? "stable" : "not stable");
    return row;
  }

  /** What does not fit a column: failures by kind, how evenly connections were served, the rest. */
  List<String> notes() {
    List<String> notes = new ArrayList<>();
    for (Point point : points) {
      Map<String, Long> failures = new TreeMap<>(point.measurement().window().failures());
      if (!failures.isEmpty()) {
        notes.add(
            "%s: failed: %s; first: %s"
                .formatted(
                    point.load(),
                    failures.entrySet().stream()
                        .map(failure -> failure.getValue() + " x " + failure.getKey())
                        .collect(Collectors.joining(", ")),
                    point.firstFailure()));
      }
      switch (point.load()) {
        case Load.Closed closed -> {
          if (closed.connections() > 1) {
            notes.add(
                "%s: answers a connection: least %d, mean %s, most %d"
                    .formatted(
                        closed,
                        point.served().least(),
                        number(point.served().mean(), 1),
                        point.served().most()));
          }
        }
        case Load.Open open ->
            notes.add(
                "%s: due %s/s; at the end %d unanswered, %d not yet sent"
                    .formatted(
                        open,
                        number(
                            point.measurement().window().due()
                                * 1e9
                                / point.measurement().window().nanos(),
                            1),
                        point.rest().underWay(),
                        point.rest().unsent()));
      }
    }
    return notes;
  }

  /** One line a point, with the names of the columns above it. */
  String tabSeparated() {
    StringBuilder text =
        new StringBuilder(
            "load\tanswers\tp50\tp90\tp95\tp99\tp999\tin_time\tfailed\tleast\tmean\tmost"
                + "\tbatch\tqueue\tcompute\tclient_cpus\tstable\n");
    for (Point point : points) {
      Window window = point.measurement().window();
      InferenceStatistics server = point.server();
      List<String> row = new ArrayList<>();
      row.add(point.load().toString());
      row.add(number(window.perSecond(), 2));
      for (double percentile : new double[] {50, 90, 95, 99, 99.9}) {
        row.add(number(window.millis(percentile), 2));
      }
      row.add(
          number(window.perSecondWithin(deadlineMillis == null ? 3_600_000 : deadlineMillis), 2));
      row.add(number(window.failedShare(), 4));
      row.add(Long.toString(point.served().least()));
      row.add(number(point.served().mean(), 2));
      row.add(Long.toString(point.served().most()));
      row.add(server == null ? ABSENT : number(server.batches().meanBatchSize(), 2));
      row.add(server == null ? ABSENT : number(server.queueMillis(), 2));
      row.add(server == null ? ABSENT : number(server.computeMillis(), 2));
      row.add(number(point.clientCpus(), 3));
      row.add(Boolean.toString(point.measurement().isStable()));
      text.append(String.join("\t", row)).append('\n');
    }
    return text.toString();
  }

  private static String number(double value, int decimals) {
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
