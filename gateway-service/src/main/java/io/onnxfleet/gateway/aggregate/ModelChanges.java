package io.onnxfleet.gateway.aggregate;

import io.netty.handler.codec.http.HttpMethod;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.aggregate.ReplicaQueries.Question;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.failure.Quotation;
import io.onnxfleet.gateway.fleet.Replica;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Loads and unloads a model on every replica. The answer is 200 with an empty body, as Triton's
 * clients expect it, only when every replica did it and this gateway routes by it; each replica's
 * result stands in the header {@link HeaderNames#REPLICA_RESULTS} and, where one failed, in the
 * error. Stateless; never blocks.
 */
final class ModelChanges {

  /** {@code <replica>=<status>}, separated by commas. */
  private static final Logger LOGGER = LoggerFactory.getLogger(ModelChanges.class);

  private static final int OK = 200;
  private static final int MOST_OF_A_REASON = 300;
  private static final String LOAD = "load";

  private final ReplicaQueries replicas;
  private final FleetSettlement settlement;
  private final Consumer<String> lift;
  private final Duration timeout;

  /**
   * Changes nothing yet.
   *
   * @param lift ends what is held against a model, once replicas have loaded it
   */
  ModelChanges(
      ReplicaQueries replicas,
      FleetSettlement settlement,
      Consumer<String> lift,
      Duration timeout) {
    this.replicas = replicas;
    this.settlement = settlement;
    this.lift = lift;
    this.timeout = timeout;
  }

  Mono<Void> apply(Call call, Collection<Replica> all, String model, ApiCall change, byte[] body) {
    String name = change.name().toLowerCase(Locale.ROOT);
    return replicas
        .askAll(
            all,
            new Question(HttpMethod.POST, change.path(model, null), body, timeout),
            call.trace())
        .flatMap(answers -> settled(call, all, answers, model, name));
  }

  /** Even where some replica failed: what the others did is routed by at once. */
  private Mono<Void> settled(
      Call call,
      Collection<Replica> all,
      List<ReplicaAnswer> answers,
      String model,
      String change) {
    Set<String> done =
        answers.stream()
            .filter(ReplicaAnswer::isSuccess)
            .map(ReplicaAnswer::replica)
            .collect(Collectors.toSet());
    boolean isLoad = change.equals(LOAD);
    if (isLoad && !done.isEmpty()) {
      lift.accept(model);
    }
    List<Replica> changed = all.stream().filter(replica -> done.contains(replica.id())).toList();
    return settlement
        .of(changed, model, isLoad, call.trace())
        .flatMap(unsettled -> tell(call, answers, unsettled, model, change));
  }

  private static Mono<Void> tell(
      Call call, List<ReplicaAnswer> answers, List<String> unsettled, String model, String change) {
    String results =
        answers.stream()
            .map(answer -> answer.replica() + "=" + answer.outcome())
            .collect(Collectors.joining(","));
    // The caller thought of the name.
    LOGGER.info("{} of model '{}': {}", change, Quotation.of(model), results);
    call.answer().headers().set(HeaderNames.REPLICA_RESULTS, results);
    List<ReplicaAnswer> failed = answers.stream().filter(answer -> !answer.isSuccess()).toList();
    if (failed.isEmpty() && !unsettled.isEmpty()) {
      return Mono.error(
          new GatewayException(
              ErrorCode.MODEL_NOT_READY,
              "%s of model '%s' is done, but this gateway does not route by it yet: %s"
                  .formatted(change, model, String.join(", ", unsettled))));
    }
    if (failed.isEmpty()) {
      Answer whole = call.answer();
      whole.status(OK);
      whole.headers().setContentLength(0);
      return whole.complete();
    }
    return Mono.error(
        new GatewayException(
            code(answers, failed),
            "%s of model '%s' failed on %d of %d replicas: %s"
                .formatted(
                    change,
                    model,
                    failed.size(),
                    answers.size(),
                    failed.stream().map(ModelChanges::reason).collect(Collectors.joining("; ")))));
  }

  /** A refusal that all replicas share is the caller's own. */
  private static ErrorCode code(List<ReplicaAnswer> answers, List<ReplicaAnswer> failed) {
    boolean shared =
        failed.size() == answers.size()
            && failed.stream().mapToInt(ReplicaAnswer::status).distinct().count() == 1;
    return switch (shared ? failed.getFirst().status() : 0) {
      case 400 -> ErrorCode.MALFORMED_REQUEST;
      case 404 -> ErrorCode.MODEL_NOT_FOUND;
      default -> ErrorCode.REPLICA_REFUSED_CHANGE;
    };
  }

  private static String reason(ReplicaAnswer answer) {
    String body = new String(answer.body(), StandardCharsets.UTF_8);
    return answer.replica()
        + " "
        + answer.outcome()
        + " "
        + (body.length() > MOST_OF_A_REASON ? body.substring(0, MOST_OF_A_REASON) : body);
  }
}
