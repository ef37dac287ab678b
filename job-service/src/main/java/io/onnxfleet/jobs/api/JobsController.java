package io.onnxfleet.jobs.api;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorBody;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.inside.Owners;
import io.onnxfleet.jobs.job.Job;
import io.onnxfleet.jobs.job.JobHeaders;
import io.onnxfleet.jobs.job.JobStatus;
import io.onnxfleet.jobs.job.JobWaits;
import io.onnxfleet.jobs.job.Jobs;
import io.onnxfleet.jobs.store.ObjectStore;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.channels.Channels;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamResource;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/**
 * Single requests that can wait. What a caller accepts is about the answer; a job is JSON whatever
 * that is.
 */
@RestController
class JobsController {
  /** Whoever would rather not ask again and again waits. */
  private static final String RETRY_AFTER_SECONDS = "1";

  private final Jobs jobs;
  private final JobWaits waits;
  private final ObjectStore store;
  private final long mostBytes;

  JobsController(Jobs jobs, JobWaits waits, ObjectStore store, JobsProperties properties) {
    this.jobs = jobs;
    this.waits = waits;
    this.store = store;
    this.mostBytes = properties.maxRequestSize().toBytes();
  }

  @PostMapping(ApiPaths.JOBS)
  ResponseEntity<ObjectNode> create(HttpServletRequest request) throws IOException {
    Owners owners = Owners.of(request);
    try (JobBody body = JobBody.read(request, store, mostBytes)) {
      Job job = jobs.create(owners.owner(), owners.statement(), body.request(), body.written());
      return ResponseEntity.accepted()
          .header(HttpHeaders.LOCATION, ApiCall.JOB.path(job.id(), null))
          .header(HeaderNames.PREFERENCE_APPLIED, HeaderNames.RESPOND_ASYNC)
          .cacheControl(CacheControl.noStore())
          .contentType(MediaType.APPLICATION_JSON)
          .body(shape(job));
    }
  }

  @GetMapping(ApiPaths.JOB)
  ResponseEntity<ObjectNode> get(HttpServletRequest request, @PathVariable String id) {
    return ResponseEntity.ok()
        .cacheControl(CacheControl.noStore())
        .contentType(MediaType.APPLICATION_JSON)
        .body(shape(jobs.get(id, viewer(request))));
  }

  @DeleteMapping(ApiPaths.JOB)
  ResponseEntity<ObjectNode> cancel(HttpServletRequest request, @PathVariable String id) {
    return ResponseEntity.ok()
        .contentType(MediaType.APPLICATION_JSON)
        .body(shape(jobs.cancel(id, viewer(request))));
  }

  /** Holds no thread while it waits. */
  @GetMapping(ApiPaths.JOB_RESULT)
  CompletableFuture<ResponseEntity<?>> result(
      HttpServletRequest request,
      @PathVariable String id,
      @RequestParam(name = ApiPaths.JOB_WAIT, required = false) @Nullable String wait) {
    WorkOwner viewer = viewer(request);
    Job job = jobs.get(id, viewer);
    Duration time = wait == null ? Duration.ZERO : seconds(wait);
    String path = request.getRequestURI();
    return job.status().isEnd() || time.isZero()
        ? CompletableFuture.completedFuture(result(job, path))
        : waits
            .await(id, viewer.name(), time)
            .thenApplyAsync(over -> result(jobs.get(id, viewer), path), Thread::startVirtualThread);
  }

  private static Duration seconds(String given) {
    if (!given.matches("\\d{1,2}") || Integer.parseInt(given) > ApiPaths.LONGEST_JOB_WAIT) {
      throw JobException.invalid(
          ApiPaths.JOB_WAIT,
          "wait: '%s' (expected: 0 to %d)".formatted(given, ApiPaths.LONGEST_JOB_WAIT));
    }
    return Duration.ofSeconds(Integer.parseInt(given));
  }

  private ResponseEntity<?> result(Job job, String path) {
    Job.Answer answer = job.answer();
    if (answer != null) {
      return answered(job, answer);
    }
    if (!job.status().isEnd()) {
      return begun(HttpStatus.ACCEPTED.value(), job)
          .header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS)
          .contentType(MediaType.APPLICATION_JSON)
          .body(shape(job));
    }
    Job.Failure failure = job.failure();
    String message =
        "the job is %s%s (expected: one that has an answer)"
            .formatted(
                job.status().label(), failure == null ? "" : ", because: " + failure.message());
    return begun(ErrorCode.JOB_ENDED.status(), job)
        .contentType(MediaType.APPLICATION_JSON)
        .body(ErrorBody.of(path, ErrorCode.JOB_ENDED, message).write());
  }

  private ResponseEntity<?> answered(Job job, Job.Answer answer) {
    ResponseEntity.BodyBuilder built = begun(answer.status(), job);
    JobHeaders.read(answer.headers()).forEach(built::header);
    built.contentLength(answer.size());
    return answer.size() == 0
        ? built.build()
        : built.body(
            new InputStreamResource(
                () -> Channels.newInputStream(store.open(answer.object())), job.id()));
  }

  private static ResponseEntity.BodyBuilder begun(int status, Job job) {
    return ResponseEntity.status(status)
        .cacheControl(CacheControl.noStore())
        .header(HeaderNames.JOB_STATUS, job.status().label());
  }

  private ObjectNode shape(Job job) {
    return Shapes.job(job, job.status() == JobStatus.QUEUED ? jobs.position(job) : null);
  }

  private static WorkOwner viewer(HttpServletRequest request) {
    return Owners.of(request).owner();
  }
}
