package io.onnxfleet.gateway.steps;

import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.routing.Destination;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A call of a model between two steps: what has been found out about it so far. Immutable.
 *
 * @param model that is asked for; null while only the body says it
 * @param application for a place; null before it was made
 * @param to where it goes; null before that was decided
 * @param body null before it was taken in
 */
record ModelCall(
    Call call,
    @Nullable ModelReference model,
    ModelAdmission.@Nullable Application application,
    @Nullable Destination to,
    @Nullable RequestBody body) {

  /** Nothing but what its head says. */
  static ModelCall of(Call call) {
    String name = call.asked().model();
    return new ModelCall(
        call,
        name == null ? null : new ModelReference(name, call.asked().version()),
        null,
        null,
        null);
  }

  ModelCall about(ModelReference found) {
    return new ModelCall(call, found, application, to, body);
  }

  ModelCall with(ModelAdmission.Application made) {
    return new ModelCall(call, model, made, to, body);
  }

  ModelCall with(RequestBody taken) {
    return new ModelCall(call, model, application, to, taken);
  }

  /** From here on it is the call that the replica is to see. */
  ModelCall with(Destination decided) {
    return new ModelCall(decided.call(), model, application, decided, body);
  }

  @SuppressWarnings("ReferenceEquality") // Whether anybody stands between at all.
  ModelCall answeredBy(Answer answer) {
    return answer == call.answer() ? this : with(destination().answeredBy(answer));
  }

  ModelReference asked() {
    return Objects.requireNonNull(model, "no step has found the model");
  }

  ModelAdmission.Application applicant() {
    return Objects.requireNonNull(application, "no step has applied for a place");
  }

  Destination destination() {
    return Objects.requireNonNull(to, "no step has decided where it goes");
  }

  RequestBody content() {
    return Objects.requireNonNull(body, "no step has taken in the body");
  }
}
