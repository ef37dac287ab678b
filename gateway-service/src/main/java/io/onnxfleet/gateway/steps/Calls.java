package io.onnxfleet.gateway.steps;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.aggregate.FleetAnswers;
import io.onnxfleet.gateway.aggregate.FleetQuestion;
import io.onnxfleet.gateway.aggregate.UnreadyModels;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.jobs.JobForwarding;
import io.onnxfleet.gateway.routing.UnreadyModelException;
import java.util.Objects;
import reactor.core.publisher.Mono;

/**
 * Has each call answered by whom the table of calls says: a replica, by {@link CallSteps}, the job
 * service, by {@link JobForwarding}, or the gateway for the whole fleet. Stateless; never blocks.
 */
public final class Calls {

  private final CallSteps steps;
  private final FleetAnswers answers;
  private final UnreadyModels unready;
  private final JobForwarding jobs;

  Calls(CallSteps steps, FleetAnswers answers, UnreadyModels unready, JobForwarding jobs) {
    this.steps = steps;
    this.answers = answers;
    this.unready = unready;
    this.jobs = jobs;
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
    if (jobs.takes(call)) {
      return jobs.take(call);
    }
    ApiCall asked = call.asked().call();
    if (!asked.isOffered()) {
      return unknown(call);
    }
    return switch (asked.server()) {
      case ONE_REPLICA -> ofOneReplica(call);
      case WHOLE_FLEET -> answers.answer(call, question(call.asked()));
      case GATEWAY ->
          asked == ApiCall.EMBEDDINGS_QUERY
              ? steps.embeddingsQuery(call)
              : answers.answer(call, question(call.asked()));
      case JOB_SERVICE -> jobs.forward(call);
      case REPLICA, PROCESS -> unknown(call);
    };
  }

  private static Mono<Void> unknown(Call call) {
    return Mono.error(
        new GatewayException(ErrorCode.UNKNOWN_PATH, "unknown path: " + call.head().path()));
  }

  private Mono<Void> ofOneReplica(Call call) {
    return switch (call.asked().call().modelInBody()) {
      case NONE -> call.runsModel() ? steps.inference(call) : steps.description(call);
      case ANY_VARIANT -> steps.reading(call);
      case COMPARABLE_VARIANT -> steps.embeddings(call);
    };
  }

  /**
   * What the gateway answers itself, of the calls that the table says it does.
   *
   * @throws IllegalArgumentException for any other call
   */
  static FleetQuestion question(ApiCall.Asked asked) {
    return switch (asked.call()) {
      case SERVER_METADATA -> new FleetQuestion.ServerMetadata();
      case LIVE -> new FleetQuestion.Live();
      case READY -> new FleetQuestion.Ready();
      case OPENAI_MODELS -> new FleetQuestion.Models();
      case REPOSITORY_INDEX -> new FleetQuestion.RepositoryIndex();
      case ALL_STATISTICS -> new FleetQuestion.AllStatistics();
      case MODEL_STATISTICS ->
          new FleetQuestion.ModelStatistics(new ModelReference(model(asked), asked.version()));
      case LOAD -> new FleetQuestion.Load(model(asked));
      case UNLOAD -> new FleetQuestion.Unload(model(asked));
      case FAMILIES -> new FleetQuestion.Families();
      case ROLLOUTS -> new FleetQuestion.Rollouts();
      case PUT_ROLLOUT -> new FleetQuestion.PutRollout(model(asked));
      case DELETE_ROLLOUT -> new FleetQuestion.DeleteRollout(model(asked));
      default ->
          throw new IllegalArgumentException(
              asked.call() + " (expected: a call that the gateway answers)");
    };
  }

  private static String model(ApiCall.Asked asked) {
    return Objects.requireNonNull(asked.model());
  }
}
