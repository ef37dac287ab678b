package io.onnxfleet.gateway.steps;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.aggregate.FleetAnswers;
import io.onnxfleet.gateway.aggregate.FleetQuestion;
import io.onnxfleet.gateway.aggregate.UnreadyModels;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.routing.UnreadyModelException;
import java.util.Objects;
import reactor.core.publisher.Mono;

/**
 * Has each call answered by who answers its like: a replica, by {@link CallSteps}, or the gateway
 * for the whole fleet. Stateless; never blocks.
 */
public final class Calls {

  private final CallSteps steps;
  private final FleetAnswers answers;
  private final UnreadyModels unready;

  Calls(CallSteps steps, FleetAnswers answers, UnreadyModels unready) {
    this.steps = steps;
    this.answers = answers;
    this.unready = unready;
  }

  /** Completes when the whole answer has gone to the call's {@link Call#answer()}. */
  public Mono<Void> answer(Call call) {
    Mono<Void> answered;
    try {
      answered = answered(call);
    } catch (UnreadyModelException unreadyModel) {
      return explained(call, unreadyModel);
    }
    return answered.onErrorResume(
        UnreadyModelException.class, unreadyModel -> explained(call, unreadyModel));
  }

  private Mono<Void> explained(Call call, UnreadyModelException unreadyModel) {
    return unready.refusalOf(unreadyModel.model(), call.trace()).flatMap(Mono::error);
  }

  private Mono<Void> answered(Call call) {
    return switch (call.asked().call()) {
      case INFER -> steps.inference(call);
      case EMBEDDINGS -> steps.embeddings(call);
      case EMBEDDINGS_QUERY -> steps.embeddingsQuery(call);
      case MODEL_METADATA, MODEL_READY, MODEL_CONFIG, OPENAI_MODEL -> steps.description(call);
      case SERVER_METADATA -> answers.answer(call, new FleetQuestion.ServerMetadata());
      case LIVE -> answers.answer(call, new FleetQuestion.Live());
      case READY -> answers.answer(call, new FleetQuestion.Ready());
      case OPENAI_MODELS -> answers.answer(call, new FleetQuestion.Models());
      case REPOSITORY_INDEX -> answers.answer(call, new FleetQuestion.RepositoryIndex());
      case ALL_STATISTICS -> answers.answer(call, new FleetQuestion.AllStatistics());
      case MODEL_STATISTICS ->
          answers.answer(
              call,
              new FleetQuestion.ModelStatistics(
                  new ModelReference(model(call), call.asked().version())));
      case LOAD -> answers.answer(call, new FleetQuestion.Load(model(call)));
      case UNLOAD -> answers.answer(call, new FleetQuestion.Unload(model(call)));
      case FAMILIES -> answers.answer(call, new FleetQuestion.Families());
      case ROLLOUTS -> answers.answer(call, new FleetQuestion.Rollouts());
      case PUT_ROLLOUT -> answers.answer(call, new FleetQuestion.PutRollout(model(call)));
      case DELETE_ROLLOUT -> answers.answer(call, new FleetQuestion.DeleteRollout(model(call)));
      case REPLICA_SELF, MODEL_LOAD, PROCESS_LIVE, PROCESS_READY ->
          Mono.error(
              new GatewayException(ErrorCode.UNKNOWN_PATH, "unknown path: " + call.head().path()));
    };
  }

  private static String model(Call call) {
    return Objects.requireNonNull(call.asked().model());
  }
}
