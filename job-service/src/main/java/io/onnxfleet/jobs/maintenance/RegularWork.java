package io.onnxfleet.jobs.maintenance;

import java.io.IOException;
import java.time.Duration;

/**
 * What is done again and again, by one process at a time.
 *
 * @param name the same for ever: the database knows it by this
 * @param pause between two times
 */
public record RegularWork(String name, Duration pause, Work work) {

  /** One time of it. */
  public interface Work {
    void run() throws IOException;
  }
}
