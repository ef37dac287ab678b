package io.onnxfleet.gateway.steps;

import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.body.RequestBodies;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.body.WastedBytes;
import io.onnxfleet.gateway.cache.ResponseCache;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.Deadline;
import io.onnxfleet.gateway.call.RequestTrace;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.forwarding.RolloutForwarding;
import io.onnxfleet.gateway.routing.Destination;
import io.onnxfleet.gateway.routing.Destinations;
import io.onnxfleet.gateway.routing.ModelSearch;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.waking.WakingQueue;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The steps of calls that one replica answers. The lists below are the order in which things are
 * done; what a step does is a method of its own. What can be refused by the head alone is refused
 * before the body is read.
 *
 * <p>Stateless; never blocks.
 */
final class CallSteps {

  /** Larger bodies are looked at off the event loop, which others wait for. */
  private static final int READ_ON_EVENT_LOOP = 8 * 1024;

  private final WakingQueue waking;
  private final Destinations destinations;
  private final ModelSearch search;
  private final RequestBodies bodies;
  private final WastedBytes wasted;
  private final ResponseCache cache;
  private final Scheduler parsing;
  private final ModelAdmission admission;
  private final RolloutForwarding forwarding;
  private final LongSupplier nanoClock;

  private final Step.Next inference =
      Step.inOrder(
          List.of(
              this::rights,
              this::untilDeadline,
              this::wakingWithBody,
              this::application,
              this::worthReading,
              this::inferenceDestination,
              this::earlyRefusal,
              this::body,
              this::worthSending,
              this::cached,
              this::admission,
              this::forwarding));

  private final Step.Next embeddings = withModelInBody(this::embeddingsDestination);

  /** Text tasks whose answers each stand for themselves. */
  private final Step.Next reading = withModelInBody(this::readingDestination);

  /** The body is made of the query. */
  private final Step.Next embeddingsQuery =
      Step.inOrder(
          List.of(
              this::rights,
              this::application,
              this::embeddingsDestination,
              this::keeping,
              this::untilDeadline,
              this::body,
              this::cached,
              this::admission,
              this::forwarding));

  /** Asks about a model, not the model: costs next to nothing. */
  private final Step.Next description =
      Step.inOrder(
          List.of(
              this::rights,
              this::untilDeadline,
              this::descriptionDestination,
              this::body,
              this::forwarding));

  CallSteps(
      WakingQueue waking,
      Destinations destinations,
      ModelSearch search,
      RequestBodies bodies,
      WastedBytes wasted,
      ResponseCache cache,
      Scheduler parsing,
      ModelAdmission admission,
      RolloutForwarding forwarding,
      LongSupplier nanoClock) {
    this.waking = waking;
    this.destinations = destinations;
    this.search = search;
    this.bodies = bodies;
    this.wasted = wasted;
    this.cache = cache;
    this.parsing = parsing;
    this.admission = admission;
    this.forwarding = forwarding;
    this.nanoClock = nanoClock;
  }

  Mono<Void> inference(Call call) {
    return inference.take(ModelCall.of(call));
  }

  Mono<Void> embeddings(Call call) {
    return embeddings.take(ModelCall.of(call));
  }

  Mono<Void> reading(Call call) {
    return reading.take(ModelCall.of(call));
  }

  Mono<Void> embeddingsQuery(Call call) {
    return embeddingsQuery.take(ModelCall.of(call));
  }

  Mono<Void> description(Call call) {
    return description.take(ModelCall.of(call));
  }

  /** Refuses what the caller may not ask for, as far as that is known. */
  private Mono<Void> rights(ModelCall call, Step.Next next) {
    Access access = call.call().access();
    ModelReference model = call.model();
    if (model == null) {
      access.require(Scope.INFER);
    } else if (call.call().runsModel()) {
      access.require(Scope.INFER, model.name());
    } else {
      access.requireSight(model.name());
    }
    return next.take(call);
  }

  /** Everything that follows ends with the deadline. */
  private Mono<Void> untilDeadline(ModelCall call, Step.Next next) {
    Duration remaining = call.call().deadline().remaining(nanoClock.getAsLong());
    return remaining.isZero()
        ? Mono.error(Deadline.passed())
        : next.take(call).timeout(remaining, Mono.error(Deadline::passed));
  }

  /** The model stands in the body, so all of that is read first. */
  private Step.Next withModelInBody(Step destination) {
    return Step.inOrder(
        List.of(
            this::rights,
            this::application,
            this::worthReading,
            this::untilDeadline,
            this::wholeBody,
            this::worthSending,
            this::modelSearch,
            this::rights,
            this::waking,
            destination,
            this::cached,
            this::admission,
            this::forwarding));
  }

  /**
   * Waits for the first replica of a fleet that has none. The body is taken in before: a client may
   * not be left sending for so long.
   */
  private Mono<Void> wakingWithBody(ModelCall call, Step.Next next) {
    return waking.isAsleep()
        ? bodies.use(
            call.call().body(),
            body -> waking.awake().then(Mono.defer(() -> next.take(call.with(body)))))
        : next.take(call);
  }

  /** The same, of a call whose body is here. */
  private Mono<Void> waking(ModelCall call, Step.Next next) {
    return waking.isAsleep()
        ? waking.awake().then(Mono.defer(() -> next.take(call)))
        : next.take(call);
  }

  /** Finds out whose call it is and what priority it has. */
  private Mono<Void> application(ModelCall call, Step.Next next) {
    ModelAdmission.Application application = admission.applicationOf(call.call());
    RequestTrace trace = call.call().trace();
    trace.caller(application.caller());
    trace.priority(application.priority());
    return next.take(call.with(application));
  }

  private Mono<Void> inferenceDestination(ModelCall call, Step.Next next) {
    return next.take(
        call.with(destinations.inferring(call.call(), call.asked(), call.applicant())));
  }

  private Mono<Void> embeddingsDestination(ModelCall call, Step.Next next) {
    return next.take(
        call.with(destinations.embedding(call.call(), call.asked(), call.applicant())));
  }

  private Mono<Void> readingDestination(ModelCall call, Step.Next next) {
    return next.take(call.with(destinations.reading(call.call(), call.asked(), call.applicant())));
  }

  private Mono<Void> descriptionDestination(ModelCall call, Step.Next next) {
    return next.take(call.with(destinations.describing(call.call(), call.asked())));
  }

  /** Refuses before the body is read what would be refused anyway. */
  private Mono<Void> earlyRefusal(ModelCall call, Step.Next next) {
    String model = call.destination().model().name();
    if (call.body() == null && !cache.covers(model)) {
      admission.refuseIfHopeless(model, call.applicant());
    }
    return next.take(call);
  }

  /** Tells proxies whether they may keep the answer. */
  private Mono<Void> keeping(ModelCall call, Step.Next next) {
    if (!cache.covers(call.destination().model().name())) {
      call.call().answer().headers().setCacheControl("no-store");
    }
    return next.take(call);
  }

  /** Refuses a large body of a caller of whom too many came to nothing, before it is read. */
  private Mono<Void> worthReading(ModelCall call, Step.Next next) {
    wasted.begin(call.applicant().caller(), call.call());
    return next.take(call);
  }

  /** The same of a body whose length was not said; what comes of a large one counts. */
  private Mono<Void> worthSending(ModelCall call, Step.Next next) {
    wasted.taken(call.applicant().caller(), call.call(), call.content());
    return next.take(call);
  }

  /** Takes in the body; a large one is not read before it is sent on. */
  private Mono<Void> body(ModelCall call, Step.Next next) {
    return call.body() != null
        ? next.take(call)
        : bodies.use(call.call().body(), body -> next.take(call.with(body)));
  }

  /** Takes in all of the body, whatever its size. */
  private Mono<Void> wholeBody(ModelCall call, Step.Next next) {
    return bodies.useKept(call.call().body(), body -> next.take(call.with(body)));
  }

  private Mono<Void> modelSearch(ModelCall call, Step.Next next) {
    return search
        .in(call.call().head().headers(), call.content())
        .flatMap(name -> next.take(call.about(new ModelReference(name, null))));
  }

  /** Answers from what is kept, or keeps the answer. */
  private Mono<Void> cached(ModelCall call, Step.Next next) {
    byte[] kept = call.content() instanceof RequestBody.Kept all ? all.bytes() : null;
    return kept != null
            && kept.length > READ_ON_EVENT_LOOP
            && cache.covers(call.destination().model().name())
        ? Mono.defer(() -> keptOrNew(call, kept, next)).subscribeOn(parsing)
        : keptOrNew(call, kept, next);
  }

  /** Only calls of one template may share answers: a query and the POST that it stands for. */
  private Mono<Void> keptOrNew(ModelCall call, byte @Nullable [] kept, Step.Next next) {
    Destination to = call.destination();
    return cache.answer(
        to.call(),
        to.model(),
        to.operation(call.call().asked().call().template()),
        kept,
        recorded -> next.take(call.answeredBy(recorded.answer())));
  }

  /** Waits for a place, and gives it back when the answer begins. */
  private Mono<Void> admission(ModelCall call, Step.Next next) {
    return admission.admit(
        call.destination().model().name(),
        call.applicant(),
        call.call().answer(),
        call.content().isReplayable(),
        () -> next.take(call));
  }

  /** The last one: has a replica answer, as the rollout of its model says. */
  private Mono<Void> forwarding(ModelCall call, Step.Next next) {
    return forwarding.forward(call.destination(), call.content());
  }
}
