package io.onnxfleet.jobs.execution.single;

import io.onnxfleet.jobs.batch.Ending;
import io.onnxfleet.jobs.execution.BusyException;
import io.onnxfleet.jobs.execution.Interruption;
import io.onnxfleet.jobs.execution.Pauses;
import io.onnxfleet.jobs.execution.StoppingException;
import io.onnxfleet.jobs.execution.slice.SlicePatience;
import io.onnxfleet.jobs.job.Job;
import io.onnxfleet.jobs.job.Jobs;
import org.jspecify.annotations.Nullable;

/** Looks before each try whether a job ends without an answer. For one thread. */
final class JobWatch implements Interruption {
  private final Jobs jobs;
  private final Job job;
  private final Pauses pauses;
  private final SlicePatience patience;
  private @Nullable Ending ending;

  JobWatch(Jobs jobs, Job job, Pauses pauses, SlicePatience patience) {
    this.jobs = jobs;
    this.job = job;
    this.pauses = pauses;
    this.patience = patience;
  }

  @Override
  public @Nullable Ending ending() throws StoppingException {
    pauses.requireGoing();
    if (ending == null) {
      Job now = jobs.find(job.id()).orElse(null);
      if (now == null || now.status().isEnd()) {
        ending = Ending.CANCELLED;
      } else if (jobs.hasExpired(now)) {
        ending = Ending.EXPIRED;
      }
    }
    return ending;
  }

  @Override
  public void waits() throws BusyException {
    patience.requireTurn();
  }

  @Override
  public void comes() {
    patience.come();
  }

  /** What the last look found. */
  @Nullable Ending found() {
    return ending;
  }
}
