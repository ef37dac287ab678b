package io.onnxfleet.gateway.routing;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.family.VariantChoice;
import io.onnxfleet.gateway.family.VariantEstimates;
import io.onnxfleet.gateway.family.VariantUse;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelContent;
import io.onnxfleet.gateway.fleet.ModelFamily;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.rollout.Assignment;
import io.onnxfleet.gateway.rollout.Rollouts;
import io.onnxfleet.gateway.suspect.Suspects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * Finds out which model answers a call for a name: that one, the variant of its family that suits
 * the call best, the side of a rollout that is its turn, or the highest version that is not in
 * quarantine where a higher one is. What was chosen is told to the replica, which names it in the
 * answer's body, and to the client in a header. Refuses what no replica serves, before a body is
 * read. Stateless.
 */
public final class Destinations {

  private final VariantChoice variants;
  private final VariantEstimates estimates;
  private final Rollouts rollouts;
  private final Suspects suspects;
  private final Supplier<Fleet> fleet;

  Destinations(
      VariantChoice variants,
      VariantEstimates estimates,
      Rollouts rollouts,
      Suspects suspects,
      Supplier<Fleet> fleet) {
    this.variants = variants;
    this.estimates = estimates;
    this.rollouts = rollouts;
    this.suspects = suspects;
    this.fleet = fleet;
  }

  /** Who infers. */
  public Destination inferring(
      Call call, ModelReference asked, ModelAdmission.Application application) {
    ModelReference variant = variant(call, asked, VariantUse.ALONE, application);
    ModelReference model = variant == null ? asked : variant;
    Assignment assignment = rollouts.assign(model, call.head().headers());
    return known(
        assignment == null
            ? of(call, model, variant != null)
            : chosen(call, assignment.model(), assignment));
  }

  /**
   * Who makes vectors: the highest version that is not in quarantine. Rollouts are left aside:
   * vectors of two versions do not belong into one index.
   */
  public Destination embedding(
      Call call, ModelReference asked, ModelAdmission.Application application) {
    ModelReference variant = variant(call, asked, VariantUse.COMPARED, application);
    return known(of(call, variant == null ? asked : variant, variant != null));
  }

  /**
   * Who does another text task, whose answers of several variants need not be comparable: the
   * highest version that is not in quarantine.
   */
  public Destination reading(
      Call call, ModelReference asked, ModelAdmission.Application application) {
    ModelReference variant = variant(call, asked, VariantUse.ALONE, application);
    return known(of(call, variant == null ? asked : variant, variant != null));
  }

  /** Who tells about itself: of a family, the best one. */
  public Destination describing(Call call, ModelReference asked) {
    ModelFamily family = variants.asked(asked, call.head().headers());
    return known(
        family == null ? of(call, asked, false) : of(call, family.best().reference(), true));
  }

  /** The model, by the version that answers where its highest one is in quarantine. */
  private Destination of(Call call, ModelReference model, boolean isChosen) {
    ModelReference answering = fleet.get().answering(model);
    return isChosen || !answering.equals(model)
        ? chosen(call, answering, null)
        : new Destination(call, model, false, null);
  }

  private @Nullable ModelReference variant(
      Call call, ModelReference asked, VariantUse use, ModelAdmission.Application application) {
    HttpHeaders headers = call.head().headers();
    ModelFamily family = variants.asked(asked, headers);
    return family == null
        ? null
        : variants
            .choose(family, use, headers, candidate -> estimates.of(candidate, application))
            .reference();
  }

  private static Destination chosen(
      Call call, ModelReference model, @Nullable Assignment assignment) {
    String name = model.toString();
    call.trace().variant(name, model.version());
    Answer answer = call.answer();
    // Last of all: a try that failed takes back what its answer had said.
    answer.onBegin(() -> answer.headers().set(HeaderNames.VARIANT, name));
    return new Destination(directed(call, model), model, true, assignment);
  }

  /** The call with another model in its path, if its path names one. */
  private static Call directed(Call call, ModelReference model) {
    ApiCall asked = call.asked().call();
    return asked.namesModel()
        ? call.at(
            asked.path(model.name(), asked.versionTemplate() == null ? null : model.version()))
        : call;
  }

  /** Refuses what no replica has, or none serves. */
  private Destination known(Destination to) {
    ModelReference model = to.model();
    Fleet now = fleet.get();
    if (!now.knows(model.name())) {
      if (now.isEmpty()) {
        throw new GatewayException(ErrorCode.NO_REPLICA, "no replica is registered");
      }
      throw new GatewayException(
          ErrorCode.MODEL_NOT_FOUND,
          "Request for unknown model: '" + model.name() + "' is not found");
    }
    to.call().trace().model(model.name());
    if (now.serving(model).isEmpty() && now.vanishedServing(model).isEmpty()) {
      ModelContent quarantined = now.quarantined(model);
      if (quarantined != null) {
        throw suspects.quarantined(quarantined);
      }
      throw new UnreadyModelException(model);
    }
    return to;
  }
}
