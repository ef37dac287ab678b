package io.onnxfleet.gateway.routing;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.api.Server;
import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.aggregate.FleetAnswers;
import io.onnxfleet.gateway.aggregate.FleetQuestion;
import io.onnxfleet.gateway.aggregate.UnreadyModels;
import io.onnxfleet.gateway.cache.ResponseCache;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.fleet.ModelContent;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.observability.RequestTrace;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.Accesses;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.suspect.Suspects;
import io.onnxfleet.gateway.waking.WakingQueue;
import java.time.Duration;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Ends the filter chain of the fleet's routes: reads what the path asks for and has one replica, or
 * the gateway itself, answer. It stands in the place of Spring Cloud Gateway's own balancing,
 * routing and retry filters, which choose a replica before a body is at hand and cannot send a
 * streamed one again.
 *
 * <p>Stateless; never blocks.
 */
public final class RoutingFilter implements GlobalFilter, Ordered {

  /** Larger bodies are looked at off the event loop, which others wait for. */
  private static final int READ_ON_EVENT_LOOP = 8 * 1024;

  private static final String INFER = "infer";
  private static final String EMBEDDINGS = "embeddings";

  private final Accesses accesses;
  private final FleetWatch watch;
  private final WakingQueue waking;
  private final ModelAdmission admission;
  private final ResponseCache cache;
  private final Forwarding forwarding;
  private final Trials trials;
  private final RequestBodies bodies;
  private final String defaultModel;
  private final ModelSearch search;
  private final Destinations destinations;
  private final FleetAnswers answers;
  private final UnreadyModels unready;
  private final Suspects suspects;
  private final Scheduler parsing;
  private final Duration deadline;
  private final LongSupplier nanoClock;

  RoutingFilter(
      Accesses accesses,
      FleetWatch watch,
      WakingQueue waking,
      ModelAdmission admission,
      ResponseCache cache,
      Forwarding forwarding,
      Trials trials,
      RequestBodies bodies,
      String defaultModel,
      ModelSearch search,
      Destinations destinations,
      FleetAnswers answers,
      UnreadyModels unready,
      Suspects suspects,
      Scheduler parsing,
      Duration deadline,
      LongSupplier nanoClock) {
    this.accesses = accesses;
    this.watch = watch;
    this.waking = waking;
    this.admission = admission;
    this.cache = cache;
    this.forwarding = forwarding;
    this.trials = trials;
    this.bodies = bodies;
    this.defaultModel = defaultModel;
    this.search = search;
    this.destinations = destinations;
    this.answers = answers;
    this.unready = unready;
    this.parsing = parsing;
    this.suspects = suspects;
    this.deadline = deadline;
    this.nanoClock = nanoClock;
  }

  /** After all others; {@link RoutingConfiguration} puts it after those without an order too. */
  @Override
  public int getOrder() {
    return LOWEST_PRECEDENCE;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
    Mono<Void> answered;
    try {
      answered = routed(exchange);
    } catch (UnreadyModelException unreadyModel) {
      return explained(exchange, unreadyModel);
    }
    return answered.onErrorResume(
        UnreadyModelException.class, unreadyModel -> explained(exchange, unreadyModel));
  }

  private Mono<Void> explained(ServerWebExchange exchange, UnreadyModelException unreadyModel) {
    return unready.refusalOf(unreadyModel.model(), RequestTrace.of(exchange)).flatMap(Mono::error);
  }

  private Mono<Void> routed(ServerWebExchange exchange) {
    ServerHttpRequest request = exchange.getRequest();
    String method = request.getMethod().name();
    String path = request.getURI().getRawPath();
    return switch (ApiCall.read(method, path)) {
      case ApiCall.Asked asked -> answered(exchange, asked);
      case ApiCall.WrongMethod wrong when isOffered(wrong.instead()) -> {
        exchange.getResponse().getHeaders().set(HttpHeaders.ALLOW, wrong.allowed());
        yield Mono.error(
            new GatewayException(
                ErrorCode.METHOD_NOT_ALLOWED,
                method + " is not allowed on " + path + " (expected: " + wrong.allowed() + ")"));
      }
      case ApiCall.WrongMethod _, ApiCall.UnknownPath _ -> unknown(exchange);
    };
  }

  /** What replicas answer to their fleet alone is nothing for callers. */
  private static boolean isOffered(ApiCall call) {
    return call.server() != Server.REPLICA && call.server() != Server.PROCESS;
  }

  private static Mono<Void> unknown(ServerWebExchange exchange) {
    return Mono.error(
        new GatewayException(
            ErrorCode.UNKNOWN_PATH,
            "unknown path: " + exchange.getRequest().getURI().getRawPath()));
  }

  private Mono<Void> answered(ServerWebExchange exchange, ApiCall.Asked asked) {
    return switch (asked.call()) {
      case INFER, MODEL_METADATA, MODEL_READY, MODEL_CONFIG, OPENAI_MODEL ->
          modelCall(exchange, reference(asked));
      case EMBEDDINGS -> embeddingsCall(exchange);
      case EMBEDDINGS_QUERY -> embeddingsQuery(exchange);
      case SERVER_METADATA -> answers.answer(exchange, new FleetQuestion.ServerMetadata());
      case LIVE -> answers.answer(exchange, new FleetQuestion.Live());
      case READY -> answers.answer(exchange, new FleetQuestion.Ready());
      case OPENAI_MODELS -> answers.answer(exchange, new FleetQuestion.Models());
      case REPOSITORY_INDEX -> answers.answer(exchange, new FleetQuestion.RepositoryIndex());
      case ALL_STATISTICS -> answers.answer(exchange, new FleetQuestion.AllStatistics());
      case MODEL_STATISTICS ->
          answers.answer(exchange, new FleetQuestion.ModelStatistics(reference(asked)));
      case LOAD -> answers.answer(exchange, new FleetQuestion.Load(reference(asked).name()));
      case UNLOAD -> answers.answer(exchange, new FleetQuestion.Unload(reference(asked).name()));
      case FAMILIES -> answers.answer(exchange, new FleetQuestion.Families());
      case ROLLOUTS -> answers.answer(exchange, new FleetQuestion.Rollouts());
      case PUT_ROLLOUT ->
          answers.answer(exchange, new FleetQuestion.PutRollout(reference(asked).name()));
      case DELETE_ROLLOUT ->
          answers.answer(exchange, new FleetQuestion.DeleteRollout(reference(asked).name()));
      case REPLICA_SELF, MODEL_LOAD, PROCESS_LIVE, PROCESS_READY -> unknown(exchange);
    };
  }

  private static ModelReference reference(ApiCall.Asked asked) {
    return new ModelReference(Objects.requireNonNull(asked.model()), asked.version());
  }

  private Mono<Void> modelCall(ServerWebExchange exchange, ModelReference model) {
    Deadline until = deadline(exchange);
    ServerHttpRequest request = exchange.getRequest();
    boolean isInference = request.getMethod().equals(HttpMethod.POST);
    Access access = accesses.of(exchange);
    if (isInference) {
      access.require(Scope.INFER, model.name());
    } else {
      access.requireSight(model.name());
    }
    if (isInference && waking.isAsleep()) {
      // The body is taken in before the wait: a client may not be left sending for so long.
      return within(
          until,
          bodies.use(
              request,
              body ->
                  waking
                      .awake()
                      .then(Mono.defer(() -> firstInference(exchange, model, body, until)))));
    }
    if (!isInference) {
      // Asks about the model, not the model: costs next to nothing.
      Destination about = destinations.describing(exchange, model);
      requireKnown(about);
      return within(
          until,
          bodies.use(
              request, body -> forwarding.forward(about.exchange(), about.model(), body, until)));
    }
    ModelAdmission.Application application = application(exchange, until);
    Destination to = destinations.inferring(exchange, model, application);
    requireKnown(to);
    if (!cache.covers(to.model().name())) {
      admission.refuseIfHopeless(to.model().name(), application);
    }
    return within(
        until, bodies.use(request, body -> inference(to, INFER, application, body, until)));
  }

  /** Of a model that nobody could know of when its request came. */
  private Mono<Void> firstInference(
      ServerWebExchange exchange, ModelReference model, RequestBody body, Deadline until) {
    ModelAdmission.Application application = application(exchange, until);
    Destination to = destinations.inferring(exchange, model, application);
    requireKnown(to);
    return inference(to, INFER, application, body, until);
  }

  private Mono<Void> embeddingsCall(ServerWebExchange exchange) {
    Access access = accesses.of(exchange);
    access.require(Scope.INFER);
    Deadline until = deadline(exchange);
    ModelAdmission.Application application = application(exchange, until);
    return within(
        until,
        bodies.useKept(
            exchange.getRequest(),
            body ->
                search
                    .in(exchange.getRequest(), body)
                    .doOnNext(name -> access.require(Scope.INFER, name))
                    .flatMap(this::whenAwake)
                    .flatMap(
                        name -> {
                          Destination to = embedding(exchange, name, application);
                          return inference(to, EMBEDDINGS, application, body, until);
                        })));
  }

  private Mono<Void> embeddingsQuery(ServerWebExchange exchange) {
    EmbeddingsQuery query =
        EmbeddingsQuery.read(exchange.getRequest().getQueryParams(), defaultModel);
    accesses.of(exchange).require(Scope.INFER, query.model());
    Deadline until = deadline(exchange);
    ModelAdmission.Application application = application(exchange, until);
    ServerWebExchange asked = EmbeddingsQuery.asPost(exchange);
    Destination to = embedding(asked, query.model(), application);
    if (cache.covers(to.model().name())) {
      ResponseCache.conditional(asked);
    } else {
      asked.getResponse().getHeaders().setCacheControl("no-store");
    }
    return within(until, inference(to, EMBEDDINGS, application, query.body(), until));
  }

  private Destination embedding(
      ServerWebExchange exchange, String name, ModelAdmission.Application application) {
    Destination to = destinations.embedding(exchange, name, application);
    requireKnown(to);
    return to;
  }

  private <T> Mono<T> whenAwake(T value) {
    return waking.isAsleep() ? waking.awake().thenReturn(value) : Mono.just(value);
  }

  private ModelAdmission.Application application(ServerWebExchange exchange, Deadline until) {
    ModelAdmission.Application application =
        admission.applicationOf(exchange, accesses.of(exchange), until.atNanos());
    RequestTrace trace = RequestTrace.of(exchange);
    trace.caller(application.caller());
    trace.priority(application.priority());
    return application;
  }

  private Mono<Void> inference(
      Destination to,
      String operation,
      ModelAdmission.Application application,
      RequestBody body,
      Deadline until) {
    byte[] kept = body instanceof RequestBody.Kept all ? all.bytes() : null;
    return kept != null && kept.length > READ_ON_EVENT_LOOP && cache.covers(to.model().name())
        ? Mono.defer(() -> inference(to, operation, application, body, kept, until))
            .subscribeOn(parsing)
        : inference(to, operation, application, body, kept, until);
  }

  private Mono<Void> inference(
      Destination to,
      String operation,
      ModelAdmission.Application application,
      RequestBody body,
      byte @Nullable [] kept,
      Deadline until) {
    ModelReference model = to.model();
    return cache.answer(
        to.exchange(),
        model,
        to.operation(operation),
        kept,
        answered ->
            admission.admit(
                model.name(),
                application,
                answered.getResponse(),
                body.isReplayable(),
                () -> trials.forward(answered, to, body, until)));
  }

  /** Refuses what no replica has before its body is read. */
  private void requireKnown(Destination to) {
    ModelReference model = to.model();
    if (!watch.current().knows(model.name())) {
      if (watch.current().isEmpty()) {
        throw new GatewayException(ErrorCode.NO_REPLICA, "no replica is registered");
      }
      throw new GatewayException(
          ErrorCode.MODEL_NOT_FOUND,
          "Request for unknown model: '" + model.name() + "' is not found");
    }
    RequestTrace.of(to.exchange()).model(model.name());
    if (watch.current().serving(model).isEmpty()
        && watch.current().vanishedServing(model).isEmpty()) {
      ModelContent quarantined = watch.current().quarantined(model);
      if (quarantined != null) {
        throw suspects.quarantined(quarantined);
      }
      throw new UnreadyModelException(model);
    }
  }

  private Deadline deadline(ServerWebExchange exchange) {
    return Deadline.read(
        exchange.getRequest().getHeaders().getFirst(HeaderNames.DEADLINE_MILLIS),
        deadline,
        nanoClock.getAsLong());
  }

  private Mono<Void> within(Deadline until, Mono<Void> work) {
    Duration remaining = until.remaining(nanoClock.getAsLong());
    return remaining.isZero()
        ? Mono.error(expired())
        : work.timeout(remaining, Mono.error(RoutingFilter::expired));
  }

  static GatewayException expired() {
    return new GatewayException(
        ErrorCode.DEADLINE_EXCEEDED, "the deadline passed before the answer was complete");
  }
}
