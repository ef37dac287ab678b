package io.onnxfleet.gateway.aggregate;

import io.netty.handler.codec.http.HttpMethod;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.aggregate.ReplicaQueries.Question;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.body.RequestContent;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.family.FamilyListing;
import io.onnxfleet.gateway.family.VariantEstimates;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.fleet.ModelContent;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.security.Access;
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
import org.springframework.http.MediaType;
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

  private static final int OK = 200;
  private static final int SERVICE_UNAVAILABLE = 503;
  private static final byte[] NOTHING = new byte[0];

  private final FleetWatch watch;
  private final EjectedReplicas ejected;
  private final ReplicaQueries replicas;
  private final ModelChanges changes;
  private final VariantEstimates estimates;
  private final Suspects suspects;
  private final RolloutChanges rollouts;
  private final Administration administration;
  private final ByteBudget bodies;
  private final Scheduler parsing;
  private final JsonMapper json;
  private final Duration timeout;
  private final byte[] metadata;

  FleetAnswers(
      FleetWatch watch,
      EjectedReplicas ejected,
      ReplicaQueries replicas,
      ModelChanges changes,
      VariantEstimates estimates,
      Suspects suspects,
      RolloutChanges rollouts,
      Administration administration,
      ByteBudget bodies,
      Scheduler parsing,
      JsonMapper json,
      Duration timeout,
      String version) {
    this.watch = watch;
    this.ejected = ejected;
    this.replicas = replicas;
    this.changes = changes;
    this.estimates = estimates;
    this.suspects = suspects;
    this.rollouts = rollouts;
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

  /** Answers the call; refuses callers who may not ask. */
  public Mono<Void> answer(Call call, FleetQuestion question) {
    return switch (question) {
      case FleetQuestion.ServerMetadata _ -> {
        call.access().requireAnyScope();
        yield write(call, metadata);
      }
      case FleetQuestion.Live _ -> health(call, "live", true);
      case FleetQuestion.Ready _ -> health(call, "ready", isReady());
      case FleetQuestion.Models _ -> {
        Access access = seeing(call);
        yield gather(
            call,
            get(ApiPaths.OPENAI_MODELS),
            answers ->
                RepositoryIndexes.unionOfModels(
                    answers, this::isServed, access::maySee, watch.current().allFamilies()));
      }
      case FleetQuestion.RepositoryIndex _ -> {
        Access access = seeing(call);
        yield RequestContent.whole(call.body(), IndexRequest.MOST_BYTES, bodies)
            .map(IndexRequest::read)
            .flatMap(
                asked ->
                    gather(
                        call,
                        new Question(HttpMethod.POST, ApiPaths.REPOSITORY_INDEX, NOTHING, timeout),
                        answers -> index(answers, access, asked.readyOnly())));
      }
      case FleetQuestion.AllStatistics _ -> {
        Access access = seeing(call);
        yield gather(
            call, get(ApiPaths.ALL_STATISTICS), answers -> Statistics.sum(answers, access::maySee));
      }
      case FleetQuestion.ModelStatistics asked -> {
        call.access().requireSight(asked.model().name());
        yield statistics(call, asked.model());
      }
      case FleetQuestion.Families _ -> {
        Access access = seeing(call);
        yield write(
            call,
            json.writeValueAsBytes(FamilyListing.of(watch.current(), estimates, access::maySee)));
      }
      case FleetQuestion.Rollouts _ -> {
        Access access = seeing(call);
        yield write(call, json.writeValueAsBytes(rollouts.list(access::maySee)));
      }
      case FleetQuestion.PutRollout put ->
          administration.as(
              call,
              "rollout",
              put.model(),
              () ->
                  change(call)
                      .doOnNext(
                          body ->
                              rollouts.put(
                                  put.model(), body, model -> administration.require(call, model)))
                      .then(Mono.defer(() -> done(call))));
      case FleetQuestion.DeleteRollout delete ->
          administration.as(
              call,
              "end of the rollout",
              delete.model(),
              () -> {
                rollouts.remove(delete.model());
                return done(call);
              });
      case FleetQuestion.Load load -> change(call, load.model(), ApiCall.LOAD);
      case FleetQuestion.Unload unload -> change(call, unload.model(), ApiCall.UNLOAD);
    };
  }

  /** Of a caller who sees something: lists show it no more than that. */
  private Access seeing(Call call) {
    Access access = call.access();
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
        || now.vanished().stream().anyMatch(replica -> !ejected.isEjected(replica.id()));
  }

  private Mono<Void> statistics(Call call, ModelReference model) {
    if (!watch.current().knows(model.name())) {
      throw new GatewayException(
          ErrorCode.MODEL_NOT_FOUND,
          "Request for unknown model: '" + model.name() + "' is not found");
    }
    call.trace().model(model.name());
    return gather(
        call,
        get(ApiCall.MODEL_STATISTICS.path(model.name(), model.version())),
        answers -> Statistics.sum(answers, any -> true));
  }

  private Mono<Void> change(Call call, String model, ApiCall change) {
    return administration.as(
        call,
        change.name().toLowerCase(Locale.ROOT),
        model,
        () -> change(call).flatMap(body -> changes.apply(call, registered(), model, change, body)));
  }

  private Question get(String path) {
    return new Question(HttpMethod.GET, path, NOTHING, timeout);
  }

  private Mono<Void> gather(Call call, Question question, Function<List<JsonNode>, JsonNode> join) {
    return replicas
        .askAll(registered(), question, call.trace())
        .publishOn(parsing)
        .flatMap(answers -> joined(call, answers, join));
  }

  private Mono<Void> joined(
      Call call, List<ReplicaAnswer> answers, Function<List<JsonNode>, JsonNode> join) {
    List<JsonNode> good = new ArrayList<>();
    for (ReplicaAnswer answer : answers) {
      JsonNode part = answer.isSuccess() ? parsed(answer.body()) : null;
      if (part != null) {
        good.add(part);
      }
    }
    if (!good.isEmpty()) {
      return write(call, json.writeValueAsBytes(join.apply(good)));
    }
    for (ReplicaAnswer answer : answers) {
      if (answer.status() >= 400) {
        call.answer().status(answer.status());
        return write(call, answer.body());
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

  private Mono<byte[]> change(Call call) {
    return RequestContent.whole(call.body(), MOST_OF_A_CHANGE, bodies);
  }

  /** KServe's clients read the body, Triton's the status. */
  private static Mono<Void> health(Call call, String question, boolean well) {
    call.answer().status(well ? OK : SERVICE_UNAVAILABLE);
    return write(call, ("{\"" + question + "\":" + well + "}").getBytes(StandardCharsets.UTF_8));
  }

  private static Mono<Void> done(Call call) {
    Answer answer = call.answer();
    answer.status(OK);
    answer.headers().setContentLength(0);
    return answer.complete();
  }

  private static Mono<Void> write(Call call, byte[] body) {
    Answer answer = call.answer();
    answer.headers().setContentType(MediaType.APPLICATION_JSON);
    answer.headers().setContentLength(body.length);
    return answer.write(body);
  }
}
