package io.onnxfleet.gateway.aggregate;

import io.netty.handler.codec.http.HttpMethod;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.admission.RequestContent;
import io.onnxfleet.gateway.aggregate.ReplicaQueries.Question;
import io.onnxfleet.gateway.balancing.LeftOutReplicas;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.family.FamilyListing;
import io.onnxfleet.gateway.family.VariantForecasts;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.fleet.ModelContent;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.observability.RequestTrace;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.Accesses;
import io.onnxfleet.gateway.suspect.Suspects;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Answers that speak for the whole fleet. What needs the replicas is asked of all of them at once;
 * a replica that does not answer is left out of a union or a sum. Where none answers well, the
 * first one's refusal is passed on.
 *
 * <p>Stateless; never blocks.
 */
public final class FleetAnswers {

  /** Of a change that an administrator asks for. */
  private static final int MOST_OF_A_CHANGE = 1024 * 1024;

  private static final byte[] NOTHING = new byte[0];

  private final FleetWatch watch;
  private final LeftOutReplicas leftOut;
  private final ReplicaQueries replicas;
  private final ModelChanges changes;
  private final VariantForecasts forecasts;
  private final Suspects suspects;
  private final RolloutChanges rollouts;
  private final Accesses accesses;
  private final Administration administration;
  private final ByteBudget bodies;
  private final Scheduler parsing;
  private final JsonMapper json;
  private final Duration timeout;
  private final byte[] metadata;

  FleetAnswers(
      FleetWatch watch,
      LeftOutReplicas leftOut,
      ReplicaQueries replicas,
      ModelChanges changes,
      VariantForecasts forecasts,
      Suspects suspects,
      RolloutChanges rollouts,
      Accesses accesses,
      Administration administration,
      ByteBudget bodies,
      Scheduler parsing,
      JsonMapper json,
      Duration timeout,
      String version) {
    this.watch = watch;
    this.leftOut = leftOut;
    this.replicas = replicas;
    this.changes = changes;
    this.forecasts = forecasts;
    this.suspects = suspects;
    this.rollouts = rollouts;
    this.accesses = accesses;
    this.administration = administration;
    this.bodies = bodies;
    this.parsing = parsing;
    this.json = json;
    this.timeout = timeout;
    this.metadata =
        json.writeValueAsBytes(
            new ServerMetadata(
                "onnx-fleet",
                version,
                List.of(
                    "model_repository",
                    "statistics",
                    "model_configuration",
                    "binary_tensor_data")));
  }

  private record ServerMetadata(String name, String version, List<String> extensions) {}

  public Mono<Void> answer(ServerWebExchange exchange, FleetQuestion question) {
    return switch (question) {
      case FleetQuestion.ServerMetadata _ -> {
        accesses.of(exchange).requireAnyScope();
        yield write(exchange, metadata);
      }
      case FleetQuestion.Live _ -> health(exchange, "live", true);
      case FleetQuestion.Ready _ -> health(exchange, "ready", isReady());
      case FleetQuestion.Models _ -> {
        Access access = seeing(exchange);
        yield gather(
            exchange,
            get(ApiPaths.OPENAI_MODELS),
            answers ->
                RepositoryIndexes.unionOfModels(
                    answers, this::isServed, access::maySee, watch.current().allFamilies()));
      }
      case FleetQuestion.RepositoryIndex _ -> {
        Access access = seeing(exchange);
        yield RequestContent.whole(exchange.getRequest(), IndexRequest.MOST_BYTES, bodies)
            .map(IndexRequest::read)
            .flatMap(
                asked ->
                    gather(
                        exchange,
                        new Question(HttpMethod.POST, ApiPaths.REPOSITORY_INDEX, NOTHING, timeout),
                        answers -> index(answers, access, asked.readyOnly())));
      }
      case FleetQuestion.AllStatistics _ -> {
        Access access = seeing(exchange);
        yield gather(
            exchange,
            get(ApiPaths.ALL_STATISTICS),
            answers -> Statistics.sum(answers, access::maySee));
      }
      case FleetQuestion.ModelStatistics asked -> {
        accesses.of(exchange).requireSight(asked.model().name());
        yield statistics(exchange, asked.model());
      }
      case FleetQuestion.Families _ -> {
        Access access = seeing(exchange);
        yield write(
            exchange,
            json.writeValueAsBytes(FamilyListing.of(watch.current(), forecasts, access::maySee)));
      }
      case FleetQuestion.Rollouts _ -> {
        Access access = seeing(exchange);
        yield write(exchange, json.writeValueAsBytes(rollouts.list(access::maySee)));
      }
      case FleetQuestion.PutRollout put ->
          administration.as(
              exchange,
              "rollout",
              put.model(),
              () ->
                  change(exchange)
                      .doOnNext(
                          body ->
                              rollouts.put(
                                  put.model(),
                                  body,
                                  model -> administration.require(exchange, model)))
                      .then(Mono.defer(() -> status(exchange, HttpStatus.OK))));
      case FleetQuestion.DeleteRollout delete ->
          administration.as(
              exchange,
              "end of the rollout",
              delete.model(),
              () -> {
                rollouts.remove(delete.model());
                return status(exchange, HttpStatus.OK);
              });
      case FleetQuestion.Load load -> change(exchange, load.model(), ApiCall.LOAD);
      case FleetQuestion.Unload unload -> change(exchange, unload.model(), ApiCall.UNLOAD);
    };
  }

  /** Of a caller who sees something: lists show it no more than that. */
  private Access seeing(ServerWebExchange exchange) {
    Access access = accesses.of(exchange);
    access.requireAnyScope();
    return access;
  }

  /** Whether requests for the model go anywhere, as far as a quarantine goes. */
  private boolean isServed(String model) {
    ModelReference reference = new ModelReference(model, null);
    Fleet now = watch.current();
    return now.quarantined(reference) == null || !now.serving(reference).isEmpty();
  }

  /** What replicas say, and what this gateway does not route to, or not everywhere. */
  private JsonNode index(List<JsonNode> answers, Access access, boolean readyOnly) {
    Fleet now = watch.current();
    return RepositoryIndexes.union(
        access::maySee,
        readyOnly,
        answers,
        (name, version) -> {
          ModelReference model = new ModelReference(name, version);
          ModelContent content = now.quarantined(model);
          return content == null ? null : Suspects.quarantineReason(content);
        },
        (name, version) ->
            now.serving(new ModelReference(name, version)).stream()
                .map(replica -> replica.contentOf(new ModelReference(name, version)))
                .filter(Objects::nonNull)
                .map(suspects::probationOf)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null));
  }

  /** While anything can be asked that did not just fail. */
  private boolean isReady() {
    Fleet now = watch.current();
    return !now.registered().isEmpty()
        || now.vanished().stream().anyMatch(replica -> !leftOut.isLeftOut(replica.id()));
  }

  private Mono<Void> statistics(ServerWebExchange exchange, ModelReference model) {
    if (!watch.current().knows(model.name())) {
      throw new GatewayException(
          ErrorCode.MODEL_NOT_FOUND,
          "Request for unknown model: '" + model.name() + "' is not found");
    }
    RequestTrace.of(exchange).model(model.name());
    return gather(
        exchange,
        get(ApiCall.MODEL_STATISTICS.path(model.name(), model.version())),
        answers -> Statistics.sum(answers, any -> true));
  }

  private Mono<Void> change(ServerWebExchange exchange, String model, ApiCall change) {
    return administration.as(
        exchange,
        change.name().toLowerCase(Locale.ROOT),
        model,
        () ->
            change(exchange)
                .flatMap(body -> changes.apply(exchange, registered(), model, change, body)));
  }

  private Question get(String path) {
    return new Question(HttpMethod.GET, path, NOTHING, timeout);
  }

  private Mono<Void> gather(
      ServerWebExchange exchange, Question question, Function<List<JsonNode>, JsonNode> join) {
    return replicas
        .askAll(registered(), question, RequestTrace.of(exchange))
        .publishOn(parsing)
        .flatMap(answers -> joined(exchange, answers, join));
  }

  private Mono<Void> joined(
      ServerWebExchange exchange,
      List<ReplicaAnswer> answers,
      Function<List<JsonNode>, JsonNode> join) {
    List<JsonNode> good = new ArrayList<>();
    for (ReplicaAnswer answer : answers) {
      JsonNode part = answer.isSuccess() ? parsed(answer.body()) : null;
      if (part != null) {
        good.add(part);
      }
    }
    if (!good.isEmpty()) {
      return write(exchange, json.writeValueAsBytes(join.apply(good)));
    }
    for (ReplicaAnswer answer : answers) {
      if (answer.status() >= 400) {
        exchange.getResponse().setStatusCode(HttpStatusCode.valueOf(answer.status()));
        return write(exchange, answer.body());
      }
    }
    throw new GatewayException(
        ErrorCode.NO_REPLICA, "none of " + answers.size() + " replicas answered");
  }

  /** Null for what is not JSON, which is as good as no answer. */
  private @Nullable JsonNode parsed(byte[] body) {
    try {
      return json.readTree(body);
    } catch (JacksonException malformed) {
      return null;
    }
  }

  private Collection<Replica> registered() {
    Fleet now = watch.current();
    Collection<Replica> asked = now.registered().isEmpty() ? now.vanished() : now.registered();
    if (asked.isEmpty()) {
      throw new GatewayException(ErrorCode.NO_REPLICA, "no replica is registered");
    }
    return asked;
  }

  private Mono<byte[]> change(ServerWebExchange exchange) {
    return RequestContent.whole(exchange.getRequest(), MOST_OF_A_CHANGE, bodies);
  }

  /** KServe's clients read the body, Triton's the status. */
  private static Mono<Void> health(ServerWebExchange exchange, String question, boolean well) {
    exchange.getResponse().setStatusCode(well ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return write(
        exchange, ("{\"" + question + "\":" + well + "}").getBytes(StandardCharsets.UTF_8));
  }

  private static Mono<Void> status(ServerWebExchange exchange, HttpStatus status) {
    ServerHttpResponse response = exchange.getResponse();
    response.setStatusCode(status);
    response.getHeaders().setContentLength(0);
    return response.setComplete();
  }

  private static Mono<Void> write(ServerWebExchange exchange, byte[] body) {
    ServerHttpResponse response = exchange.getResponse();
    response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
    response.getHeaders().setContentLength(body.length);
    return response.writeWith(Mono.just(response.bufferFactory().wrap(body)));
  }
}
