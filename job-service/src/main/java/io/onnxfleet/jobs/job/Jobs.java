package io.onnxfleet.jobs.job;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.observability.EndCounters;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.store.ObjectWriter;
import io.onnxfleet.jobs.webhook.EventType;
import io.onnxfleet.jobs.webhook.Webhooks;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What is done with jobs, each thing in one transaction.
 *
 * <p>INVARIANT: a job's row, its result and what is scheduled change together. A job has one
 * result: that of who took it last. Of one owner a few jobs are scheduled at a time, and the next
 * one in the transaction that ends one: whoever has many does not keep others from theirs. Whoever
 * adds a job or ends one holds its owner's row, so that none is left that nobody schedules, and one
 * key makes one job. Whoever is to be told of its end is noted in the transaction that ends it.
 * Thread-safe.
 */
public final class Jobs {
  private static final String PREFIX = "job_";
  private static final int LONGEST_CODE = 100;
  private static final int LONGEST_MESSAGE = 1000;

  private final JobRecords records;
  private final ObjectStore store;
  private final Quotas quotas;
  private final JobSchedule schedule;
  private final Webhooks webhooks;
  private final TransactionTemplate transactions;
  private final Names names;
  private final InstantSource clock;
  private final Terms terms;
  private final Ends ends;

  /**
   * How jobs are kept.
   *
   * @param window how long a job may take
   * @param scheduledOfOwner jobs of one owner that are scheduled at a time
   * @param unendedOfOwner jobs that one owner may have that have not ended
   */
  record Terms(Duration window, int scheduledOfOwner, int unendedOfOwner) {}

  /** Told of each job that this process ends, once that would survive. */
  interface Ends {
    /**
     * Of one.
     *
     * @param outcome as {@link EndCounters} counts it
     */
    void ended(String id, String outcome);
  }

  /** Jobs of a database. */
  Jobs(
      JobRecords records,
      ObjectStore store,
      Quotas quotas,
      JobSchedule schedule,
      Webhooks webhooks,
      TransactionTemplate transactions,
      Names names,
      InstantSource clock,
      Terms terms,
      Ends ends) {
    this.records = records;
    this.store = store;
    this.quotas = quotas;
    this.schedule = schedule;
    this.webhooks = webhooks;
    this.transactions = transactions;
    this.names = names;
    this.clock = clock;
    this.terms = terms;
    this.ends = ends;
  }

  private long now() {
    return clock.instant().getEpochSecond();
  }

  // ---------------------------------------------------------------- what callers do

  /**
   * Makes a job of a request, or finds the one that was made of it. Returns when it would survive.
   *
   * @param body that was written, and is taken over
   * @throws JobException if the key is another request's, the owner has enough, or the store has
   */
  public Job create(WorkOwner owner, String statement, JobRequest request, ObjectWriter body)
      throws IOException {
    Job before = known(owner, request);
    if (before != null) {
      return before;
    }
    requireFewer(owner.name());
    String object = body.keep();
    quotas.know(owner.name());
    Job job;
    try {
      job =
          Objects.requireNonNull(
              transactions.execute(
                  transaction -> {
                    records.lockOwner(owner.name());
                    Job same = known(owner, request);
                    return same == null
                        ? add(owner, statement, request, object, body.size())
                        : same;
                  }));
    } catch (JobException refused) {
      store.delete(object);
      throw refused;
    }
    if (!job.request().object().equals(object)) {
      store.delete(object);
    }
    return job;
  }

  private @Nullable Job known(WorkOwner owner, JobRequest request) {
    String key = request.key();
    Job known = key == null ? null : records.findByKey(owner.name(), key).orElse(null);
    if (known != null && !known.digest().equals(request.digest())) {
      throw new JobException(
          ErrorCode.IDEMPOTENCY_KEY_REUSED,
          "the idempotency key is that of %s, which another request has made (expected: a key for"
                  .formatted(known.id())
              + " each request)");
    }
    return known;
  }

  private void requireFewer(String owner) {
    int unended = records.unended(owner);
    if (unended >= terms.unendedOfOwner()) {
      throw new JobException(
          ErrorCode.QUOTA_EXCEEDED,
          "%d of your jobs have not ended (expected: < %d, to add one)"
              .formatted(unended, terms.unendedOfOwner()));
    }
  }

  private Job add(WorkOwner owner, String statement, JobRequest request, String object, long size) {
    requireFewer(owner.name());
    quotas.requireRoom(owner.name(), size);
    String id = PREFIX + names.get();
    long now = now();
    boolean isScheduled = records.scheduled(owner.name()) < terms.scheduledOfOwner();
    records.add(
        new Job(
            0,
            id,
            owner.name(),
            statement,
            request.digest(),
            new Job.Request(request.target(), JobHeaders.write(request.headers()), object, size),
            JobStatus.QUEUED,
            0,
            null,
            null,
            new Job.Times(now, now + terms.window().toSeconds(), null, null)),
        request.key(),
        isScheduled);
    quotas.countRequest(owner.name(), size);
    if (isScheduled) {
      schedule.work(id);
    }
    return records.find(id).orElseThrow();
  }

  public Job get(String id, WorkOwner viewer) {
    return records
        .find(id, viewer)
        .orElseThrow(
            () ->
                new JobException(
                    ErrorCode.JOB_NOT_FOUND, "no such job (expected: the id of one of yours)"));
  }

  /** How many jobs wait that came before it. */
  public long position(Job job) {
    return records.before(job);
  }

  /** Ends a job without an answer. One that is cancelled already stays so. */
  public Job cancel(String id, WorkOwner viewer) {
    boolean isEnded =
        Boolean.TRUE.equals(
            transactions.execute(
                transaction -> {
                  records.lockOwner(get(id, viewer).owner());
                  return settle(records.lock(id), JobStatus.CANCELLED, null, null);
                }));
    Job job = get(id, viewer);
    if (isEnded) {
      wasEnded(job, JobStatus.CANCELLED.label());
    } else if (job.status() != JobStatus.CANCELLED) {
      throw new JobException(
          ErrorCode.JOB_ENDED,
          "the job is %s (expected: one that has not ended)".formatted(job.status().label()));
    }
    return job;
  }

  // ---------------------------------------------------------------- what is done for them

  /** The job as it is now, if there is one. */
  public Optional<Job> find(String id) {
    return records.find(id);
  }

  /** Takes a job, unless it has ended: whoever took it before has no say any more. */
  public Optional<Job> take(String id) {
    return Objects.requireNonNull(transactions.execute(transaction -> records.take(id, now())));
  }

  /** Makes it the job's answer; false if it comes too late, and its object is nobody's. */
  public boolean complete(Job job, Job.Answer answer) {
    return end(job, JobStatus.COMPLETED, answer, null);
  }

  /** There will be no answer. */
  public void fail(Job job, String code, String message) {
    end(
        job,
        JobStatus.FAILED,
        null,
        new Job.Failure(cut(code, LONGEST_CODE), cut(message, LONGEST_MESSAGE)));
  }

  /** It has taken as long as it may. */
  public void expire(Job job) {
    end(job, JobStatus.EXPIRED, null, null);
  }

  public boolean hasExpired(Job job) {
    return now() >= job.times().expires();
  }

  private static String cut(String text, int most) {
    return text.length() > most ? text.substring(0, most) : text;
  }

  private boolean end(
      Job job, JobStatus status, Job.@Nullable Answer answer, Job.@Nullable Failure failure) {
    boolean isEnded =
        Boolean.TRUE.equals(
            transactions.execute(
                transaction -> {
                  records.lockOwner(job.owner());
                  return settle(job, status, answer, failure);
                }));
    if (isEnded) {
      wasEnded(job, answer == null ? status.label() : EndCounters.ofAnswer(answer.status()));
    }
    return isEnded;
  }

  private boolean settle(
      Job job, JobStatus status, Job.@Nullable Answer answer, Job.@Nullable Failure failure) {
    if (!records.end(job, status, answer, failure, now())) {
      return false;
    }
    webhooks.announce(eventOf(status), job.id(), job.owner());
    quotas.countRequest(job.owner(), (answer == null ? 0 : answer.size()) - job.request().size());
    int room = terms.scheduledOfOwner() - records.scheduled(job.owner());
    if (room > 0) {
      for (String next : records.unscheduled(job.owner(), room)) {
        records.setScheduled(next);
        schedule.work(next);
      }
    }
    return true;
  }

  private static EventType eventOf(JobStatus end) {
    return switch (end) {
      case COMPLETED -> EventType.JOB_COMPLETED;
      case FAILED -> EventType.JOB_FAILED;
      case EXPIRED -> EventType.JOB_EXPIRED;
      case CANCELLED -> EventType.JOB_CANCELLED;
      case QUEUED, IN_PROGRESS ->
          throw new IllegalArgumentException(end.label() + " (expected: an end)");
    };
  }

  private void wasEnded(Job job, String outcome) {
    ends.ended(job.id(), outcome);
    store.delete(job.request().object());
  }
}
