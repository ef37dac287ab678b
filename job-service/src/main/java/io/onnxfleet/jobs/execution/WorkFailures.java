package io.onnxfleet.jobs.execution;

import com.github.kagkarlsson.scheduler.task.FailureHandler;
import io.onnxfleet.jobs.failure.JobException;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What becomes of work that failed. Stateless. */
public final class WorkFailures {
  private static final Logger LOGGER = LoggerFactory.getLogger(WorkFailures.class);

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(2);
  private static final int MOST_DOUBLINGS = 5;

  private WorkFailures() {}

  /** Work that failed; its scheduler takes unchecked ones. */
  public static final class WorkException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public WorkException(Exception cause) {
      super(cause);
    }
  }

  /** At once where the process ends, else after a pause that grows; never given up. */
  public static FailureHandler<Void> later() {
    return (complete, operations) -> {
      Throwable cause = complete.getCause().map(WorkFailures::unwrapped).orElse(null);
      // Nobody interrupts work but a scheduler that has waited long enough for it.
      if (cause instanceof StoppingException || cause instanceof InterruptedException) {
        operations.reschedule(complete, complete.getTimeDone());
        return;
      }
      if (cause instanceof BusyException busy) {
        operations.reschedule(complete, complete.getTimeDone().plus(busy.pause()));
        return;
      }
      String work = complete.getExecution().taskInstance.toString();
      if (cause instanceof JobException refused) {
        LOGGER.warn("{} waits: {}", work, refused.getMessage());
      } else {
        LOGGER.error("{} failed, it will be tried again", work, cause);
      }
      int doublings = Math.min(MOST_DOUBLINGS, complete.getExecution().consecutiveFailures);
      Instant next = complete.getTimeDone().plus(FIRST_PAUSE.multipliedBy(1L << doublings));
      operations.reschedule(complete, next);
    };
  }

  private static Throwable unwrapped(Throwable failure) {
    return failure instanceof WorkException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }
}
