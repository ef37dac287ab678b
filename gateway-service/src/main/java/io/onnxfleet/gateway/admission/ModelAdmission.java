package io.onnxfleet.gateway.admission;

import com.netflix.concurrency.limits.Limit;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.Priority;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.failure.GatewayException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Admits inference requests, model by model. A request has its place from the moment its body is at
 * hand until its answer begins: how slowly clients send and read costs no place.
 *
 * <p>Safe for use by many threads; never blocks. Bounded by the models that are asked for here,
 * which must be known to the fleet.
 */
public final class ModelAdmission {

  private static final long FAR_NANOS = TimeUnit.DAYS.toNanos(1);

  private final LimitProperties properties;
  private final Callers callers;
  private final Supplier<Limit> limits;
  private final AdmissionMetrics metrics;
  private final LongSupplier nanoClock;
  private final Scheduler timer;
  private final Map<String, ModelLimiter> limiters = new ConcurrentHashMap<>();

  /**
   * Nothing is admitted yet.
   *
   * @param limits a new model's limit
   * @param timer ends waits in queues
   */
  ModelAdmission(
      LimitProperties properties,
      Supplier<Limit> limits,
      AdmissionMetrics metrics,
      LongSupplier nanoClock,
      Scheduler timer) {
    this.properties = properties;
    this.callers = new Callers(properties.callerHeader());
    this.limits = limits;
    this.metrics = metrics;
    this.nanoClock = nanoClock;
    this.timer = timer;
  }

  /** Who asks for a place with the call; refuses a malformed priority. */
  public Application applicationOf(Call call) {
    return new Application(
        callers.read(call.head().headers(), call.access(), call.deadline().atNanos()));
  }

  /** One request that asks for a place. */
  public static final class Application {

    private final Applicant applicant;

    private Application(Applicant applicant) {
      this.applicant = applicant;
    }

    /** The caller's name as replicas are told it; says nothing of its credentials. */
    public String caller() {
      return applicant.caller();
    }

    /** The priority that it has, as replicas are told it. */
    public int priority() {
      return applicant.priority();
    }
  }

  /** Refuses what would be refused anyway, before anything is read. */
  public void refuseIfHopeless(String model, Application application) {
    ModelLimiter limiter = properties.enabled() ? limiters.get(model) : null;
    if (limiter != null) {
      ModelLimiter.Refusal refusal = limiter.refusal(application.applicant);
      if (refusal != null) {
        throw refusal(model, refusal);
      }
    }
  }

  /** What a request without a deadline, of a caller with none under way, would meet now. */
  public AdmissionEstimate estimate(String model) {
    return estimate(
        model,
        new Application(new Applicant("", Priority.DEFAULT, nanoClock.getAsLong() + FAR_NANOS)));
  }

  /** What the request would meet if it asked for a place now. */
  public AdmissionEstimate estimate(String model, Application application) {
    ModelLimiter limiter = properties.enabled() ? limiters.get(model) : null;
    return limiter == null ? AdmissionEstimate.UNKNOWN : limiter.estimate(application.applicant);
  }

  /**
   * Does the work when there is a place, refuses it when there will be none.
   *
   * @param model known to the fleet
   * @param answer begins when the place is free again
   * @param timed whether the work takes as long as the replica does, and not as its client
   */
  public Mono<Void> admit(
      String model,
      Application application,
      Answer answer,
      boolean timed,
      Supplier<Mono<Void>> work) {
    if (!properties.enabled()) {
      return Mono.defer(work);
    }
    return Mono.defer(
        () -> {
          long deadlineNanos = application.applicant.deadlineNanos();
          Queued queued = new Queued(model);
          ModelLimiter.Decision decision = limiter(model).apply(application.applicant, queued);
          return switch (decision) {
            case ModelLimiter.Permit permit -> use(permit, answer, timed, deadlineNanos, work);
            case ModelLimiter.Refusal refusal -> Mono.error(refusal(model, refusal));
            case ModelLimiter.Ticket ticket ->
                queued
                    .await(ticket, properties.maxQueueTime(), timer)
                    .flatMap(permit -> use(permit, answer, timed, deadlineNanos, work));
          };
        });
  }

  /** Forgets models that the fleet does not know any more. */
  void retain(Predicate<String> known) {
    limiters.forEach(
        (model, limiter) -> {
          if (!known.test(model) && limiter.inFlight() == 0 && limiters.remove(model, limiter)) {
            metrics.removed(model);
          }
        });
  }

  private ModelLimiter limiter(String model) {
    ModelLimiter present = limiters.get(model);
    return present != null
        ? present
        : limiters.computeIfAbsent(
            model,
            name -> {
              ModelLimiter made = new ModelLimiter(limits.get(), properties, nanoClock);
              metrics.added(name, made);
              return made;
            });
  }

  private Mono<Void> use(
      ModelLimiter.Permit permit,
      Answer answer,
      boolean timed,
      long deadlineNanos,
      Supplier<Mono<Void>> work) {
    answer.onBegin(() -> permit.end(timed ? outcome(answer.status()) : PermitOutcome.IGNORED));
    Mono<Void> started;
    try {
      started = work.get();
    } catch (RuntimeException | Error failure) {
      permit.end(PermitOutcome.IGNORED);
      throw failure;
    }
    return started
        .doOnError(error -> permit.end(outcome(error)))
        .doFinally(
            signal ->
                permit.end(
                    signal == SignalType.CANCEL && nanoClock.getAsLong() - deadlineNanos >= 0
                        ? PermitOutcome.EXPIRED
                        : PermitOutcome.IGNORED));
  }

  private static PermitOutcome outcome(int status) {
    return switch (status) {
      case 429, 503, 504 -> PermitOutcome.DROPPED;
      default -> status < 300 ? PermitOutcome.ANSWERED : PermitOutcome.IGNORED;
    };
  }

  private static PermitOutcome outcome(Throwable error) {
    if (error instanceof GatewayException refusal) {
      if (refusal.code() == ErrorCode.REPLICAS_SATURATED) {
        return PermitOutcome.DROPPED;
      }
      if (refusal.code() == ErrorCode.DEADLINE_EXCEEDED) {
        return PermitOutcome.EXPIRED;
      }
    }
    return PermitOutcome.IGNORED;
  }

  private static GatewayException refusal(String model, ModelLimiter.Refusal refusal) {
    if (refusal.reason() == ModelLimiter.Reason.TOO_LATE) {
      return new GatewayException(
          ErrorCode.DEADLINE_UNREACHABLE,
          "deadline: "
              + millis(refusal.leftNanos())
              + " ms left (expected: >= "
              + millis(refusal.estimateNanos())
              + " ms, model '"
              + model
              + "' has "
              + refusal.inFlight()
              + " requests under way)",
          refusal.retryAfterSeconds());
    }
    return new GatewayException(
        ErrorCode.MODEL_OVERLOADED,
        "model '"
            + model
            + "' has "
            + refusal.inFlight()
            + " requests under way and "
            + refusal.waiting()
            + " waiting (expected: fewer)",
        refusal.retryAfterSeconds());
  }

  private static long millis(long nanos) {
    return Math.ceilDiv(nanos, 1_000_000);
  }

  /** A request in a model's queue. */
  private static final class Queued implements ModelLimiter.Waiter {

    private final String model;
    private final Sinks.One<ModelLimiter.Permit> decision = Sinks.one();

    Queued(String model) {
      this.model = model;
    }

    @Override
    public void admitted(ModelLimiter.Permit permit) {
      decision.tryEmitValue(permit).orThrow();
    }

    @Override
    public void refused(ModelLimiter.Refusal refusal) {
      decision.tryEmitError(refusal(model, refusal)).orThrow();
    }

    /** INVARIANT: whoever stops waiting abandons the ticket, so that no permit is lost. */
    Mono<ModelLimiter.Permit> await(ModelLimiter.Ticket ticket, Duration most, Scheduler timer) {
      return decision
          .asMono()
          .doOnCancel(ticket::abandon)
          .timeout(
              most,
              Mono.error(
                  () ->
                      new GatewayException(
                          ErrorCode.MODEL_OVERLOADED,
                          "model '" + model + "' had no place within " + most.toMillis() + " ms")),
              timer);
    }
  }
}
