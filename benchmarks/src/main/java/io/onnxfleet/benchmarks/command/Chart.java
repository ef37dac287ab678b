package io.onnxfleet.benchmarks.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * A diagram in SVG: lines over two axes that start at zero, or bars side by side. Not thread-safe.
 */
public final class Chart {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 320;
  private static final int LEFT = 64;
  private static final int RIGHT = 150;
  private static final int TOP = 16;
  private static final int BOTTOM = 48;
  private static final int TICKS = 5;
  private static final String[] COLORS = {"#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed"};

  private final String xTitle;
  private final String yTitle;
  private final List<Series> series = new ArrayList<>();
  private List<String> categories = List.of();

  /** A value pair, and what stands beside it. */
  public record Dot(double x, double y, String label) {}

  /**
   * One line or kind of bar.
   *
   * @param marked whether a line's points are drawn too
   */
  private record Series(String name, List<Dot> dots, boolean marked) {}

  public Chart(String xTitle, String yTitle) {
    this.xTitle = xTitle;
    this.yTitle = yTitle;
  }

  /** A line through points. */
  public Chart line(String name, List<Dot> dots) {
    series.add(new Series(name, List.copyOf(dots), true));
    return this;
  }

  /** A line through so many points that they would hide it: values at 1, 2, 3 and so on. */
  public Chart curve(String name, List<Double> values) {
    List<Dot> dots = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      dots.add(new Dot(i + 1.0, values.get(i), name));
    }
    series.add(new Series(name, dots, false));
    return this;
  }

  /** Bars, stacked on the ones added before; one a category. */
  public Chart bars(String name, List<String> names, List<Double> values) {
    categories = List.copyOf(names);
    List<Dot> dots = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      dots.add(new Dot(i + 0.5, values.get(i), ""));
    }
    series.add(new Series(name, dots, true));
    return this;
  }

  /** The diagram as a part of a page. */
  public String svg() {
    return svg("");
  }

  /** The diagram as a file of its own. */
  public String document() {
    return svg(
            "xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" font-size=\"12\""
                + " style=\"background:#fff\" ")
        + "\n";
  }

  private String svg(String attributes) {
    double xMost = categories.isEmpty() ? round(most(Dot::x)) : categories.size();
    double yMost = round(categories.isEmpty() ? most(Dot::y) : highestStack());
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg %sviewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s over %s\">"
            .formatted(attributes, WIDTH, HEIGHT, escape(yTitle), escape(xTitle)));
    yAxis(svg, yMost);
    xAxis(svg, xMost);
    double[] stacked = new double[categories.size()];
    for (int i = 0; i < series.size(); i++) {
      String color = COLORS[i % COLORS.length];
      if (categories.isEmpty()) {
        drawLine(svg, series.get(i), color, xMost, yMost);
      } else {
        drawBars(svg, series.get(i), color, stacked, yMost);
      }
      svg.append(
          "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/>"
              .formatted(WIDTH - RIGHT + 16, TOP + 20 * i, color));
      text(svg, WIDTH - RIGHT + 34, TOP + 20 * i + 11, "start", series.get(i).name);
    }
    return svg.append("</svg>").toString();
  }

  private void yAxis(StringBuilder svg, double most) {
    for (int i = 0; i <= TICKS; i++) {
      double value = most * i / TICKS;
      double y = y(value, most);
      svg.append(
          String.format(
              Locale.ROOT,
              "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>",
              LEFT,
              WIDTH - RIGHT,
              y,
              y));
      text(svg, LEFT - 6, y + 4, "end", tick(value, most));
    }
    svg.append(
        "<text transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\">%s</text>"
            .formatted((TOP + HEIGHT - BOTTOM) / 2, escape(yTitle)));
  }

  private void xAxis(StringBuilder svg, double most) {
    int y = HEIGHT - BOTTOM + 16;
    if (categories.isEmpty()) {
      for (int i = 0; i <= TICKS; i++) {
        double value = most * i / TICKS;
        text(svg, x(value, most), y, "middle", tick(value, most));
      }
    } else {
      for (int i = 0; i < categories.size(); i++) {
        text(svg, x(i + 0.5, categories.size()), y, "middle", categories.get(i));
      }
    }
    text(svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8, "middle", xTitle);
  }

  private void drawLine(StringBuilder svg, Series line, String color, double xMost, double yMost) {
    StringBuilder points = new StringBuilder();
    for (Dot dot : line.dots) {
      points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(dot.x, xMost), y(dot.y, yMost)));
    }
    svg.append(
        "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>"
            .formatted(color, points.toString().strip()));
    if (!line.marked) {
      return;
    }
    for (Dot dot : line.dots) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"><title>%s</title></circle>",
              x(dot.x, xMost),
              y(dot.y, yMost),
              color,
              escape(dot.label + ": " + tick(dot.x, xMost) + ", " + tick(dot.y, yMost))));
    }
  }

  private void drawBars(
      StringBuilder svg, Series bars, String color, double[] stacked, double yMost) {
    double width = x(0.8, categories.size()) - x(0, categories.size());
    for (int i = 0; i < bars.dots.size(); i++) {
      double value = bars.dots.get(i).y;
      double top = y(stacked[i] + value, yMost);
      double height = y(stacked[i], yMost) - top;
      svg.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\">"
                  + "<title>%s</title></rect>",
              x(i + 0.1, categories.size()),
              top,
              width,
              height,
              color,
              escape(bars.name + ", " + categories.get(i) + ": " + tick(value, yMost))));
      stacked[i] += value;
    }
  }

  private double highestStack() {
    double highest = 0;
    for (int i = 0; i < categories.size(); i++) {
      double sum = 0;
      for (Series bars : series) {
        sum += bars.dots.get(i).y;
      }
      highest = Math.max(highest, sum);
    }
    return highest == 0 ? 1 : highest;
  }

  private double most(ToDoubleFunction<Dot> figure) {
    double most =
        series.stream().flatMap(line -> line.dots.stream()).mapToDouble(figure).max().orElse(0);
    return most == 0 ? 1 : most;
  }

  /** The next number above whose fifths are easy to read. */
  private static double round(double most) {
    double power = Math.pow(10, Math.floor(Math.log10(most)));
    for (double step : new double[] {1, 1.5, 2, 2.5, 3, 4, 5, 7.5}) {
      if (most <= step * power) {
        return step * power;
      }
    }
    return 10 * power;
  }

  private static double x(double value, double most) {
    return LEFT + value / most * (WIDTH - LEFT - RIGHT);
  }

  private static double y(double value, double most) {
    return HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM);
  }

  private static String tick(double value, double most) {
    return String.format(Locale.ROOT, most >= 50 ? "%.0f" : most >= 5 ? "%.1f" : "%.2f", value);
  }

  private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>",
            x,
            y,
            anchor,
            escape(text)));
  }

  public static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
