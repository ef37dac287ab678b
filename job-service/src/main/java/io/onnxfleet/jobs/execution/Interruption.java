package io.onnxfleet.jobs.execution;

import io.onnxfleet.jobs.batch.Ending;
import org.jspecify.annotations.Nullable;

/** What keeps a line, or a single request, from being asked, or asked again. */
public interface Interruption {

  /**
   * Why it ends early; null if it goes on.
   *
   * @throws StoppingException if this process ends
   */
  @Nullable Ending ending() throws StoppingException;

  /**
   * Hears that nothing came of a try but that it may be made again.
   *
   * @throws BusyException if the line's turn comes later
   */
  void waits() throws BusyException;

  /** Hears that something came of a try. */
  void comes();
}
