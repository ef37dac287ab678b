package io.onnxfleet.gateway.routing;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.family.VariantChoice;
import io.onnxfleet.gateway.family.VariantForecasts;
import io.onnxfleet.gateway.family.VariantUse;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelFamily;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.observability.RequestTrace;
import io.onnxfleet.gateway.rollout.Assignment;
import io.onnxfleet.gateway.rollout.Rollouts;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Finds out which model answers a request for a name: that one, the variant of its family that
 * suits the request best, the side of a rollout that is its turn, or the highest version that is
 * not in quarantine where a higher one is. What was chosen is told to the replica, which names it
 * in the answer's body, and to the client in a header. Stateless.
 */
final class Destinations {

  private final VariantChoice variants;
  private final VariantForecasts forecasts;
  private final Rollouts rollouts;
  private final Supplier<Fleet> fleet;

  Destinations(
      VariantChoice variants,
      VariantForecasts forecasts,
      Rollouts rollouts,
      Supplier<Fleet> fleet) {
    this.variants = variants;
    this.forecasts = forecasts;
    this.rollouts = rollouts;
    this.fleet = fleet;
  }

  /** Who infers. */
  Destination inferring(
      ServerWebExchange exchange, ModelReference asked, ModelAdmission.Application application) {
    ModelReference variant = variant(exchange, asked, VariantUse.ALONE, application);
    ModelReference model = variant == null ? asked : variant;
    Assignment assignment = rollouts.assign(model, exchange.getRequest().getHeaders());
    if (assignment != null) {
      return chosen(exchange, assignment.model(), assignment);
    }
    return of(exchange, model, variant != null);
  }

  /** The model, by the version that answers where its highest one is in quarantine. */
  private Destination of(ServerWebExchange exchange, ModelReference model, boolean isChosen) {
    ModelReference answering = fleet.get().answering(model);
    return isChosen || !answering.equals(model)
        ? chosen(exchange, answering, null)
        : named(exchange, model);
  }

  /**
   * Who makes vectors: the highest version that is not in quarantine. Rollouts are left aside:
   * vectors of two versions do not belong into one index.
   */
  Destination embedding(
      ServerWebExchange exchange, String name, ModelAdmission.Application application) {
    ModelReference asked = new ModelReference(name, null);
    ModelReference variant = variant(exchange, asked, VariantUse.COMPARED, application);
    return of(exchange, variant == null ? asked : variant, variant != null);
  }

  /** Who tells about itself: of a family, the best one. */
  Destination describing(ServerWebExchange exchange, ModelReference asked) {
    ModelFamily family = variants.asked(asked, exchange.getRequest().getHeaders());
    return family == null
        ? of(exchange, asked, false)
        : of(exchange, family.best().reference(), true);
  }

  private @Nullable ModelReference variant(
      ServerWebExchange exchange,
      ModelReference asked,
      VariantUse use,
      ModelAdmission.Application application) {
    HttpHeaders headers = exchange.getRequest().getHeaders();
    ModelFamily family = variants.asked(asked, headers);
    return family == null
        ? null
        : variants
            .choose(family, use, headers, candidate -> forecasts.of(candidate, application))
            .reference();
  }

  private static Destination named(ServerWebExchange exchange, ModelReference model) {
    return new Destination(exchange, model, false, null);
  }

  private static Destination chosen(
      ServerWebExchange exchange, ModelReference model, @Nullable Assignment assignment) {
    String name = model.toString();
    RequestTrace.of(exchange).variant(name, model.version());
    ServerHttpResponse response = exchange.getResponse();
    // Last of all: a try that failed takes back what its answer had said.
    response.beforeCommit(
        () -> {
          response.getHeaders().set(HeaderNames.VARIANT, name);
          return Mono.empty();
        });
    ServerHttpRequest request = exchange.getRequest();
    String path = pathOf(request, model);
    return new Destination(
        path == null
            ? exchange
            : exchange.mutate().request(request.mutate().path(path).build()).build(),
        model,
        true,
        assignment);
  }

  /** The request's path with another model in it; null if its path names none. */
  private static @Nullable String pathOf(ServerHttpRequest request, ModelReference model) {
    if (!(ApiCall.read(request.getMethod().name(), request.getURI().getRawPath())
            instanceof ApiCall.Asked asked)
        || asked.model() == null) {
      return null;
    }
    ApiCall call = asked.call();
    return call.path(model.name(), call.versionTemplate() == null ? null : model.version());
  }
}
