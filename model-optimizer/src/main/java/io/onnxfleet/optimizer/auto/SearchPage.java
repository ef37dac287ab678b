package io.onnxfleet.optimizer.auto;

import java.util.List;
import java.util.Locale;

/** A report as a page: loss over cost, the front as a line, and the table. */
final class SearchPage {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 420;
  private static final int MARGIN = 60;

  /** Losses below this stand on the lower edge of the logarithmic axis. */
  private static final double LEAST_LOSS = 1e-7;

  private final SearchReport report;
  private final List<Measurement> usable;
  private final double largestCost;

  SearchPage(SearchReport report) {
    this.report = report;
    usable = report.measurements().stream().filter(Measurement::usable).toList();
    largestCost = usable.stream().mapToDouble(report.target()::cost).max().orElse(1);
  }

  String html() {
    return """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>%1$s</title>
        <style>
        body { font-family: sans-serif; max-width: 60em; margin: 2em auto; color: #222; }
        table { border-collapse: collapse; }
        td, th { padding: 0.2em 0.8em; border-bottom: 1px solid #ddd; text-align: right; }
        td:first-child, th:first-child, td:last-child, th:last-child { text-align: left; }
        .chosen { font-weight: bold; }
        </style>
        </head>
        <body>
        <h1>%1$s</h1>
        <p>Samples: %2$s. Target: %3$s. Quality loss allowed: %4$s.</p>
        %5$s
        <table>
        <tr><th>Candidate</th><th>Loss</th><th>MB</th><th>ms a row</th><th>Rows/s</th><th></th></tr>
        %6$s</table>
        </body>
        </html>
        """
        .formatted(
            escaped(report.model()),
            escaped(report.samples()),
            report.target().name().toLowerCase(Locale.ROOT),
            number("%.4f", report.maxLoss()),
            plot(),
            rows());
  }

  private String plot() {
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"quality loss over cost\">\n"
            .formatted(WIDTH, HEIGHT));
    line(svg, MARGIN, HEIGHT - MARGIN, WIDTH - 10, HEIGHT - MARGIN, "#222");
    line(svg, MARGIN, 10, MARGIN, HEIGHT - MARGIN, "#222");
    text(svg, WIDTH / 2.0, HEIGHT - 15, report.target().axis());
    text(svg, WIDTH - 40, HEIGHT - MARGIN + 18, number("%.3g", largestCost * 1.1));
    text(svg, MARGIN, HEIGHT - MARGIN + 18, "0");
    for (double loss = 1e-6; loss <= 1; loss *= 10) {
      line(svg, MARGIN, y(loss), WIDTH - 10, y(loss), "#eee");
      text(svg, 4, y(loss) + 4, "1e" + Math.round(Math.log10(loss)));
    }
    line(svg, MARGIN, y(report.maxLoss()), WIDTH - 10, y(report.maxLoss()), "#c33");
    StringBuilder path = new StringBuilder();
    for (Measurement one : report.front()) {
      path.append(number("%.1f,", x(one))).append(number("%.1f ", y(one.loss())));
    }
    svg.append(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"#27a\"/>\n"
            .formatted(path.toString().strip()));
    List<Measurement> front = report.front();
    for (Measurement one : usable) {
      svg.append(
          "<circle cx=\"%s\" cy=\"%s\" r=\"5\" fill=\"%s\"><title>%s</title></circle>\n"
              .formatted(
                  number("%.1f", x(one)),
                  number("%.1f", y(one.loss())),
                  front.contains(one) ? "#27a" : "#bbb",
                  escaped(one.name())));
      text(svg, x(one) + 8, y(one.loss()) + 4, one.name());
    }
    return svg.append("</svg>").toString();
  }

  private double x(Measurement one) {
    return MARGIN + (WIDTH - MARGIN - 10) * report.target().cost(one) / (largestCost * 1.1);
  }

  private double y(double loss) {
    double decades = Math.log10(Math.max(loss, LEAST_LOSS)) - Math.log10(LEAST_LOSS);
    return HEIGHT - MARGIN - (HEIGHT - MARGIN - 10) * decades / -Math.log10(LEAST_LOSS);
  }

  private static void line(
      StringBuilder svg, double x1, double y1, double x2, double y2, String colour) {
    svg.append(
        "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" stroke=\"%s\"/>\n"
            .formatted(
                number("%.1f", x1),
                number("%.1f", y1),
                number("%.1f", x2),
                number("%.1f", y2),
                colour));
  }

  private static void text(StringBuilder svg, double x, double y, String text) {
    svg.append(
        "<text x=\"%s\" y=\"%s\" font-size=\"12\">%s</text>\n"
            .formatted(number("%.1f", x), number("%.1f", y), escaped(text)));
  }

  private String rows() {
    StringBuilder rows = new StringBuilder();
    for (Measurement one : report.measurements()) {
      boolean chosen = report.chosen().filter(one::equals).isPresent();
      rows.append(chosen ? "<tr class=\"chosen\">" : "<tr>");
      cell(rows, one.name());
      if (one.usable()) {
        cell(rows, number("%.5f", one.loss()));
        cell(rows, number("%.2f", one.bytes() / 1e6));
        cell(rows, number("%.3f", one.milliseconds()));
        cell(rows, number("%.1f", one.rowsPerSecond()));
        cell(rows, chosen ? "chosen" : report.front().contains(one) ? "on the front" : "");
      } else {
        rows.append("<td></td><td></td><td></td><td></td>");
        cell(rows, one.failure());
      }
      rows.append("</tr>\n");
    }
    return rows.toString();
  }

  private static void cell(StringBuilder rows, String text) {
    rows.append("<td>").append(escaped(text)).append("</td>");
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
