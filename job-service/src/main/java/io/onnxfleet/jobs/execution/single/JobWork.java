package io.onnxfleet.jobs.execution.single;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.jobs.execution.BusyException;
import io.onnxfleet.jobs.execution.GatewayLines;
import io.onnxfleet.jobs.execution.LineOutcome;
import io.onnxfleet.jobs.execution.Pauses;
import io.onnxfleet.jobs.execution.StoppingException;
import io.onnxfleet.jobs.execution.slice.SlicePatience;
import io.onnxfleet.jobs.job.Job;
import io.onnxfleet.jobs.job.JobHeaders;
import io.onnxfleet.jobs.job.Jobs;
import io.onnxfleet.jobs.quota.OwnerShares;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.store.ObjectWriter;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Works on a job: has its request answered, and makes the answer its result. One that was cut short
 * is asked again; what it had written is nobody's and gets swept. Whose requests only wait, or are
 * still under way though they were cancelled, keeps nobody else from a place. Blocks. Thread-safe.
 */
final class JobWork {
  /** What describes an answer's body, beside the fleet's own. */
  private static final String CONTENT = "content-";

  private static final String FLEETS = "inference-";

  /** Told of the connection that brought the answer, or of the request that is charged for it. */
  private static final Set<String> NOT_KEPT =
      Set.of("content-length", HeaderNames.UNITS.toLowerCase(Locale.ROOT));

  private static final String LOST = "input_lost";

  /** Until an owner that has enough places is asked for one again. */
  private static final Duration PAUSE = Duration.ofSeconds(2);

  private final Jobs jobs;
  private final ObjectStore store;
  private final GatewayLines gateway;
  private final OwnerShares shares;
  private final Pauses pauses;
  private final InstantSource clock;

  JobWork(
      Jobs jobs,
      ObjectStore store,
      GatewayLines gateway,
      OwnerShares shares,
      Pauses pauses,
      InstantSource clock) {
    this.jobs = jobs;
    this.store = store;
    this.gateway = gateway;
    this.shares = shares;
    this.pauses = pauses;
    this.clock = clock;
  }

  /** Works on a job, unless it has ended. */
  void run(String id) throws IOException, StoppingException, InterruptedException, BusyException {
    Job known = jobs.find(id).orElse(null);
    if (known == null || known.status().isEnd()) {
      return;
    }
    // Where there is no room, what has taken too long goes, and makes some.
    if (!jobs.hasExpired(known)) {
      store.requireRoom();
    }
    if (!shares.enter(known.owner())) {
      throw new BusyException(PAUSE);
    }
    try {
      take(id);
    } finally {
      shares.leave(known.owner());
    }
  }

  private void take(String id)
      throws IOException, StoppingException, InterruptedException, BusyException {
    Job job = jobs.take(id).orElse(null);
    if (job == null) {
      return;
    }
    if (jobs.hasExpired(job)) {
      // Though the store may be away.
      jobs.expire(job);
      return;
    }
    FileChannel body = fetch(job);
    if (body == null) {
      jobs.fail(job, LOST, "the store has lost the request's body (expected: as it was sent)");
      return;
    }
    try (body) {
      JobWatch watch = new JobWatch(jobs, job, pauses, new SlicePatience(clock));
      gateway.ask(new JobQuestion(job, body), id, watch, outcome -> keep(job, outcome, watch));
    }
  }

  /** Null if it is lost. */
  private @Nullable FileChannel fetch(Job job) throws IOException {
    try {
      return store.fetch(job.request().object());
    } catch (NoSuchFileException gone) {
      if (store.isLost(job.request().object())) {
        return null;
      }
      throw gone;
    }
  }

  private void keep(Job job, LineOutcome outcome, JobWatch watch) throws IOException {
    switch (outcome) {
      case LineOutcome.Answered answered -> complete(job, answered);
      case LineOutcome.Unanswered(String code, String message) -> {
        switch (watch.found()) {
          case null -> jobs.fail(job, code, message);
          case EXPIRED -> jobs.expire(job);
          // Whoever ended it has said so.
          case CANCELLED, FAILED -> {}
        }
      }
      case LineOutcome.Refused(String code, String message) -> jobs.fail(job, code, message);
    }
  }

  private void complete(Job job, LineOutcome.Answered answered) throws IOException {
    String object;
    try (ObjectWriter writer = store.create()) {
      writer.write(answered.body());
      object = writer.keep();
    }
    Job.Answer answer =
        new Job.Answer(
            answered.status(),
            JobHeaders.write(kept(answered.headers())),
            object,
            answered.body().length);
    if (!jobs.complete(job, answer)) {
      store.delete(object);
    }
  }

  private static Map<String, String> kept(HttpHeaders headers) {
    Map<String, String> kept = new TreeMap<>();
    headers
        .map()
        .forEach(
            (name, values) -> {
              String lower = name.toLowerCase(Locale.ROOT);
              if ((lower.startsWith(CONTENT) || lower.startsWith(FLEETS))
                  && !NOT_KEPT.contains(lower)) {
                kept.put(name, String.join(", ", values));
              }
            });
    return kept;
  }
}
