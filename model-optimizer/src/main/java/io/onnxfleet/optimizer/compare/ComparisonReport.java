package io.onnxfleet.optimizer.compare;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a comparison found.
 *
 * @param samples where they came from
 * @param tokens of the rows that speed was measured with; empty where rows are no text
 * @param rows the original first
 */
public record ComparisonReport(String samples, String tokens, int threads, List<Row> rows) {
  public ComparisonReport {
    rows = List.copyOf(rows);
  }

  /**
   * One model.
   *
   * @param bytes of its file, weights outside included
   */
  public record Row(String model, long bytes, OutputError error, List<SpeedAt> speeds) {
    public Row {
      speeds = List.copyOf(speeds);
    }
  }

  /**
   * Its speed at one batch size.
   *
   * @param ratio of its rows a second to the original's
   */
  public record SpeedAt(int batch, double rowsPerSecond, double milliseconds, double ratio) {}

  /** A table for people, in Markdown. */
  public String table() {
    StringBuilder text = new StringBuilder();
    text.append(
        "| Model | MB | Mean cosine | Worst cosine | Relative error | Largest difference |");
    text.append(" Top-1 |");
    StringBuilder rule = new StringBuilder("|---|---:|---:|---:|---:|---:|---:|");
    for (SpeedAt speed : rows.getFirst().speeds()) {
      text.append(" Rows/s at %d | ms | Ratio |".formatted(speed.batch()));
      rule.append("---:|---:|---:|");
    }
    text.append('\n').append(rule).append('\n');
    for (Row row : rows) {
      OutputError error = row.error();
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %.2f | %.6f | %.6f | %.2e | %.2e | %s |",
              row.model(),
              row.bytes() / 1e6,
              error.meanCosine(),
              error.worstCosine(),
              error.relativeError(),
              error.largestDifference(),
              error.topAgreement().isPresent()
                  ? String.format(Locale.ROOT, "%.4f", error.topAgreement().getAsDouble())
                  : "-"));
      for (SpeedAt speed : row.speeds()) {
        text.append(
            String.format(
                Locale.ROOT,
                " %.1f | %.2f | %.3f |",
                speed.rowsPerSecond(),
                speed.milliseconds(),
                speed.ratio()));
      }
      text.append('\n');
    }
    return text.toString();
  }

  /** The same for programs. */
  public String json() {
    List<Map<String, Object>> models = new ArrayList<>();
    for (Row row : rows) {
      Map<String, Object> model = new LinkedHashMap<>();
      model.put("model", row.model());
      model.put("bytes", row.bytes());
      model.put("meanCosine", row.error().meanCosine());
      model.put("worstCosine", row.error().worstCosine());
      model.put("relativeError", row.error().relativeError());
      model.put("largestDifference", row.error().largestDifference());
      row.error().topAgreement().ifPresent(share -> model.put("topAgreement", share));
      model.put("speeds", row.speeds());
      models.add(model);
    }
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("samples", samples);
    if (!tokens.isEmpty()) {
      report.put("tokens", tokens);
    }
    report.put("threads", threads);
    report.put("models", models);
    return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(report);
  }
}
