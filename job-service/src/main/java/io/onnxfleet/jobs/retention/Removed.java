package io.onnxfleet.jobs.retention;

import io.onnxfleet.jobs.file.FilePart;
import java.util.List;

/**
 * What is no longer in the database.
 *
 * @param jobs single requests
 * @param objects of all these, which nobody refers to
 */
record Removed(int batches, int jobs, int files, List<FilePart> objects) {
  static final Removed NOTHING = new Removed(0, 0, 0, List.of());

  Removed {
    objects = List.copyOf(objects);
  }
}
