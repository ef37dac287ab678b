package io.onnxfleet.gateway.aggregate;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.netty.handler.codec.http.HttpMethod;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.aggregate.ReplicaQueries.Question;
import io.onnxfleet.gateway.call.RequestTrace;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import java.time.Duration;
import java.util.List;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Finds out why a model is ready nowhere although replicas have it: whether it is on its way, or
 * cannot be loaded. A few of the replicas are asked; what they say holds for a second, so that a
 * storm of requests for a broken model costs replicas next to nothing. Safe for use by many
 * threads; never blocks. Bounded: {@value #MOST_REMEMBERED} models.
 */
public final class UnreadyModels {

  private static final int MOST_ASKED = 4;
  private static final int MOST_REMEMBERED = 1000;
  private static final int MOST_OF_A_REASON = 1000;
  private static final Duration HOLDS = Duration.ofSeconds(1);
  private static final String UNAVAILABLE = "UNAVAILABLE";

  private final FleetWatch watch;
  private final ReplicaQueries replicas;
  private final JsonMapper json;
  private final Scheduler parsing;
  private final Duration timeout;
  private final Cache<ModelReference, Mono<GatewayException>> remembered =
      Caffeine.newBuilder().maximumSize(MOST_REMEMBERED).expireAfterWrite(HOLDS).build();

  UnreadyModels(
      FleetWatch watch,
      ReplicaQueries replicas,
      JsonMapper json,
      Scheduler parsing,
      Duration timeout) {
    this.watch = watch;
    this.replicas = replicas;
    this.json = json;
    this.parsing = parsing;
    this.timeout = timeout;
  }

  /** What a request for the model is refused with; never fails. */
  public Mono<GatewayException> refusalOf(ModelReference model, RequestTrace trace) {
    return remembered.get(model, asked -> ask(asked, trace).cache());
  }

  private Mono<GatewayException> ask(ModelReference model, RequestTrace trace) {
    List<Replica> knowing =
        watch.current().registered().stream()
            .filter(replica -> replica.knows(model.name()))
            .limit(MOST_ASKED)
            .toList();
    if (knowing.isEmpty()) {
      return Mono.just(later(model, ""));
    }
    return replicas
        .askAll(
            knowing,
            new Question(HttpMethod.POST, ApiPaths.REPOSITORY_INDEX, new byte[0], timeout),
            trace)
        .publishOn(parsing)
        .map(answers -> judged(model, answers))
        .onErrorResume(failure -> Mono.just(later(model, "")));
  }

  private GatewayException judged(ModelReference model, List<ReplicaAnswer> answers) {
    String reason = null;
    for (ReplicaAnswer answer : answers) {
      for (JsonNode entry : entries(answer)) {
        if (!isAbout(entry, model)) {
          continue;
        }
        String said = entry.path("reason").asString("");
        if (!entry.path("state").asString("").equals(UNAVAILABLE)) {
          return later(model, said);
        }
        if (reason == null || reason.isEmpty()) {
          reason = said;
        }
      }
    }
    return reason == null
        ? later(model, "")
        : new GatewayException(
            ErrorCode.MODEL_CANNOT_SERVE,
            "model '%s' is not ready on any replica: %s".formatted(model, shortened(reason)));
  }

  private JsonNode entries(ReplicaAnswer answer) {
    try {
      return answer.isSuccess() ? json.readTree(answer.body()) : json.createArrayNode();
    } catch (JacksonException malformed) {
      return json.createArrayNode();
    }
  }

  private static boolean isAbout(JsonNode entry, ModelReference model) {
    String version = entry.path("version").asString("");
    return entry.path("name").asString("").equals(model.name())
        && (model.version() == null || version.isEmpty() || version.equals(model.version()));
  }

  private static GatewayException later(ModelReference model, String reason) {
    return new GatewayException(
        ErrorCode.MODEL_NOT_READY,
        "model '%s' is not ready on any replica%s"
            .formatted(model, reason.isEmpty() ? "" : ": " + shortened(reason)));
  }

  private static String shortened(String reason) {
    return reason.length() > MOST_OF_A_REASON ? reason.substring(0, MOST_OF_A_REASON) : reason;
  }
}
