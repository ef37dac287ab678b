package io.onnxfleet.benchmarks.bench;

import io.onnxfleet.benchmarks.client.InferenceStatistics;
import io.onnxfleet.benchmarks.command.Chart;
import io.onnxfleet.benchmarks.command.Chart.Dot;
import io.onnxfleet.benchmarks.load.Load;
import io.onnxfleet.benchmarks.load.Window;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A run as one HTML page that needs nothing else: table, diagrams, settings, machine.
 *
 * @param settings what was asked for, and where it ran, by name
 */
record Report(
    String title, Map<String, String> settings, List<Point> points, @Nullable Long deadlineMillis) {
  private static final String STYLE =
      """
      body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1f2937 }
      h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums }
      th, td { padding: .25rem .6rem; border-bottom: 1px solid #e5e7eb; text-align: right }
      .settings td, .settings th { text-align: left }
      svg { max-width: 45rem; width: 100%; font: 11px system-ui, sans-serif; display: block }
      """;

  private static final Map<String, Double> PERCENTILES = percentiles();

  Report {
    settings = new LinkedHashMap<>(settings);
    points = List.copyOf(points);
  }

  private static Map<String, Double> percentiles() {
    Map<String, Double> percentiles = new LinkedHashMap<>();
    percentiles.put("p50", 50.0);
    percentiles.put("p90", 90.0);
    percentiles.put("p95", 95.0);
    percentiles.put("p99", 99.0);
    percentiles.put("p99.9", 99.9);
    return percentiles;
  }

  String html() {
    StringBuilder html = new StringBuilder("<!doctype html>\n<html lang=\"en\"><head>");
    html.append("<meta charset=\"utf-8\"><title>").append(Chart.escape(title));
    html.append("</title><style>").append(STYLE).append("</style></head><body><h1>");
    html.append(Chart.escape(title)).append("</h1>\n");
    table(html);
    diagram(html, "Throughput and latency", throughputAndLatency());
    diagram(html, "Latency by load", percentilesByLoad());
    List<Point> told = points.stream().filter(point -> point.server() != null).toList();
    if (told.isEmpty()) {
      html.append("<p>The server tells no statistics: no batch sizes, no split of its time.</p>");
    } else {
      diagram(html, "Where a request's time went in the server (mean)", split(told));
      html.append("<h2>Batch sizes, in executions</h2>\n");
      told.forEach(point -> batchSizes(html, point));
    }
    settings(html);
    return html.append("</body></html>\n").toString();
  }

  private void table(StringBuilder html) {
    ResultTable table = new ResultTable(points, deadlineMillis);
    html.append("<table>");
    row(html, "th", table.header());
    points.forEach(point -> row(html, "td", table.row(point)));
    html.append("</table>\n<ul>");
    table.notes().forEach(note -> html.append("<li>").append(Chart.escape(note)).append("</li>"));
    html.append("</ul>\n");
  }

  private static void row(StringBuilder html, String cell, List<String> values) {
    html.append("<tr>");
    for (String value : values) {
      html.append("<%s>%s</%s>".formatted(cell, Chart.escape(value), cell));
    }
    html.append("</tr>");
  }

  private Chart throughputAndLatency() {
    return new Chart("answers a second", "ms")
        .line("p50", dots(Window::perSecond, 50))
        .line("p99", dots(Window::perSecond, 99));
  }

  private Chart percentilesByLoad() {
    boolean isOpen = points.stream().anyMatch(point -> point.load() instanceof Load.Open);
    Chart chart = new Chart(isOpen ? "requests due a second" : "callers", "ms");
    PERCENTILES.forEach(
        (name, percentile) -> {
          List<Dot> dots = new ArrayList<>();
          for (Point point : points) {
            double load =
                switch (point.load()) {
                  case Load.Closed closed -> closed.connections();
                  case Load.Open open -> open.perSecond();
                };
            double millis = point.measurement().window().millis(percentile);
            dots.add(new Dot(load, millis, point.load().toString()));
          }
          chart.line(name, dots);
        });
    return chart;
  }

  private List<Dot> dots(ToDoubleFunction<Window> x, double percentile) {
    return points.stream()
        .map(
            point -> {
              Window window = point.measurement().window();
              return new Dot(
                  x.applyAsDouble(window), window.millis(percentile), point.load().toString());
            })
        .toList();
  }

  private static Chart split(List<Point> told) {
    List<String> loads = told.stream().map(point -> point.load().toString()).toList();
    return new Chart("load", "ms")
        .bars("queue", loads, values(told, InferenceStatistics::queueMillis))
        .bars("compute", loads, values(told, InferenceStatistics::computeMillis));
  }

  private static List<Double> values(
      List<Point> told, ToDoubleFunction<InferenceStatistics> figure) {
    return told.stream()
        .map(point -> figure.applyAsDouble(Objects.requireNonNull(point.server())))
        .toList();
  }

  private static void batchSizes(StringBuilder html, Point point) {
    Map<Long, Long> executions =
        new TreeMap<>(Objects.requireNonNull(point.server()).batches().executions());
    if (executions.isEmpty()) {
      return;
    }
    List<String> sizes = executions.keySet().stream().map(String::valueOf).toList();
    List<Double> counts = executions.values().stream().map(Long::doubleValue).toList();
    html.append("<h3>Load ").append(Chart.escape(point.load().toString())).append("</h3>");
    html.append(new Chart("rows of a batch", "executions").bars("executions", sizes, counts).svg());
  }

  private static void diagram(StringBuilder html, String heading, Chart chart) {
    html.append("<h2>").append(Chart.escape(heading)).append("</h2>\n").append(chart.svg());
    html.append('\n');
  }

  private void settings(StringBuilder html) {
    html.append("<h2>Settings and machine</h2>\n<table class=\"settings\">");
    settings.forEach((name, value) -> row(html, "td", List.of(name, value)));
    html.append("</table>\n");
  }
}
