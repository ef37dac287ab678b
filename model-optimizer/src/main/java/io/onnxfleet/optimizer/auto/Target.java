package io.onnxfleet.optimizer.auto;

/** What a model is to be best at. */
public enum Target {
  /** Milliseconds of a row that runs alone. */
  LATENCY("ms a row", "ms"),
  /** Rows a second in batches; as a cost, milliseconds of a row there. */
  THROUGHPUT("ms a row in batches", "ms"),
  /** Megabytes of the file. */
  SIZE("MB", "MB");

  private final String axis;
  private final String unit;

  Target(String axis, String unit) {
    this.axis = axis;
    this.unit = unit;
  }

  /** For a plot. */
  String axis() {
    return axis;
  }

  String unit() {
    return unit;
  }

  /** What a candidate costs: less is better. */
  double cost(Measurement measurement) {
    return switch (this) {
      case LATENCY -> measurement.milliseconds();
      case THROUGHPUT -> 1000 / measurement.rowsPerSecond();
      case SIZE -> measurement.bytes() / 1e6;
    };
  }
}
