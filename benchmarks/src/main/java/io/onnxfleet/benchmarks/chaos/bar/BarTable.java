package io.onnxfleet.benchmarks.chaos.bar;

import java.util.ArrayList;
import java.util.List;

/** Bars as a table that Markdown shows too. For one thread. */
public final class BarTable {

  private record Row(String scenario, Bar bar) {}

  private final List<Row> rows = new ArrayList<>();

  public void add(String scenario, List<Bar> bars) {
    for (Bar bar : bars) {
      rows.add(new Row(scenario, bar));
    }
  }

  public boolean isMissed() {
    return rows.stream().anyMatch(row -> row.bar.isMissed());
  }

  public String text() {
    StringBuilder text = new StringBuilder("| Scenario | What | Expected | Measured | |\n");
    text.append("|---|---|---:|---:|---|\n");
    for (Row row : rows) {
      Bar bar = row.bar;
      text.append(
          "| %s | %s | %s | %s | %s |\n"
              .formatted(row.scenario, bar.what(), bar.expected(), bar.measured(), bar.verdict()));
    }
    return text.toString();
  }
}
