package io.onnxfleet.jobs.lines;

import java.util.List;

/**
 * What a batch's input was found to be: its lines, or what is wrong with them.
 *
 * @param regions in order; all lines are in one of them
 * @param lines of all regions
 * @param errors none if the input is right
 */
public record CheckedInput(List<Region> regions, int lines, List<LineError> errors) {
  public CheckedInput {
    regions = List.copyOf(regions);
    errors = List.copyOf(errors);
  }
}
