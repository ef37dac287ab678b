package io.onnxfleet.optimizer.auto;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a search found.
 *
 * @param samples where those came from that candidates were measured by
 * @param measurements the original's first
 */
public record SearchReport(
    String model, String samples, Target target, double maxLoss, List<Measurement> measurements) {
  public SearchReport {
    measurements = List.copyOf(measurements);
  }

  /** The candidates that no other beats in both, cost and loss; the cheapest first. */
  public List<Measurement> front() {
    List<Measurement> ordered =
        measurements.stream()
            .filter(Measurement::usable)
            .sorted(
                Comparator.comparingDouble((Measurement one) -> target.cost(one))
                    .thenComparingDouble(Measurement::loss))
            .toList();
    List<Measurement> front = new ArrayList<>();
    double least = Double.POSITIVE_INFINITY;
    for (Measurement one : ordered) {
      if (one.loss() < least) {
        least = one.loss();
        front.add(one);
      }
    }
    return front;
  }

  /** The cheapest candidate that lost no more than allowed; empty if the original is as cheap. */
  public Optional<Measurement> chosen() {
    double own = target.cost(measurements.getFirst());
    return front().stream()
        .filter(one -> one.loss() <= maxLoss && target.cost(one) < own)
        .findFirst();
  }

  private boolean isChosen(Measurement measurement) {
    return chosen().filter(measurement::equals).isPresent();
  }

  /** A table for people, in Markdown. */
  public String table() {
    StringBuilder text =
        new StringBuilder("| Candidate | Loss | MB | ms a row | Rows/s | Front |\n");
    text.append("|---|---:|---:|---:|---:|---|\n");
    List<Measurement> front = front();
    for (Measurement one : measurements) {
      text.append(
          one.usable()
              ? String.format(
                  Locale.ROOT,
                  "| %s | %.5f | %.2f | %.3f | %.1f | %s |%n",
                  one.name(),
                  one.loss(),
                  one.bytes() / 1e6,
                  one.milliseconds(),
                  one.rowsPerSecond(),
                  isChosen(one) ? "chosen" : front.contains(one) ? "yes" : "")
              : "| %s | - | - | - | - | %s |%n".formatted(one.name(), one.failure()));
    }
    return text.toString();
  }

  /** The same for programs. */
  public String json() {
    List<Measurement> front = front();
    List<Map<String, Object>> candidates = new ArrayList<>();
    for (Measurement one : measurements) {
      Map<String, Object> candidate = new LinkedHashMap<>();
      candidate.put("name", one.name());
      if (one.usable()) {
        candidate.put("loss", one.loss());
        candidate.put("bytes", one.bytes());
        candidate.put("milliseconds", one.milliseconds());
        candidate.put("rowsPerSecond", one.rowsPerSecond());
        candidate.put("front", front.contains(one));
        candidate.put("chosen", isChosen(one));
      } else {
        candidate.put("failure", one.failure());
      }
      candidates.add(candidate);
    }
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("model", model);
    report.put("samples", samples);
    report.put("target", target.name().toLowerCase(Locale.ROOT));
    report.put("maxQualityLoss", maxLoss);
    report.put("candidates", candidates);
    return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(report);
  }

  /** One page with a plot, which needs nothing else. */
  public String html() {
    return new SearchPage(this).html();
  }
}
