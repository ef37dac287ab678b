package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.contract.api.ApiCall;
import tools.jackson.databind.JsonNode;

/**
 * Each asks for the double of its own number. One of a hundred has too many columns.
 *
 * @param rows in which it stands; with many of them lines are long
 */
record DoubledLines(int rows) implements Lines {
  private static final int REFUSED = 100;

  @Override
  public String url() {
    return ApiCall.INFER.path(JobFleet.DOUBLED, null);
  }

  @Override
  public String body(int line) {
    String row = isRefused(line) ? line + ",4,4" : line + ",4";
    return "{\"inputs\":[{\"name\":\"x\",\"shape\":[%d,%d],\"datatype\":\"FP32\",\"data\":[%s]}]}"
        .formatted(rows, isRefused(line) ? 3 : 2, row + ("," + row).repeat(rows - 1));
  }

  @Override
  public boolean isRefused(int line) {
    return line % REFUSED == REFUSED - 1;
  }

  @Override
  public boolean isAnswer(int line, JsonNode body) {
    JsonNode data = body.at("/outputs/0/data");
    if (data.size() != 2 * rows) {
      return false;
    }
    for (int row = 0; row < rows; row++) {
      if (data.get(2 * row).asDouble() != 2.0 * line || data.get(2 * row + 1).asDouble() != 8) {
        return false;
      }
    }
    return true;
  }
}
