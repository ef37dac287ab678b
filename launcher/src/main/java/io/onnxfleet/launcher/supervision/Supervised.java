package io.onnxfleet.launcher.supervision;

import io.onnxfleet.launcher.fleet.Service;
import java.io.IOException;
import java.util.List;

/** A fleet as its supervisor sees it. */
interface Supervised {
  /** Whether there still is a fleet. */
  boolean isThere() throws IOException;

  List<Service> services() throws IOException;

  boolean isAlive(Service service) throws IOException;

  boolean isReady(Service service) throws IOException, InterruptedException;

  /** Of the process that was started last. */
  long pid(Service service) throws IOException;

  String lastWords(Service service) throws IOException;

  /** Starts it again as it was. */
  void restart(Service service, String words) throws IOException;

  /** Something that is done while nobody else changes the fleet. */
  interface Change {
    void make() throws IOException;
  }

  /**
   * Makes it if nobody else changes the fleet now.
   *
   * @return whether it was made
   */
  boolean alone(Change change) throws IOException;
}
